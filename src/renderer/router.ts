import { createRouter, createWebHashHistory, type Router } from 'vue-router'
import type { MessageKey } from './i18n'
import ActivityView from './views/ActivityView.vue'
import LeaveView from './views/LeaveView.vue'
import MissionView from './views/MissionView.vue'
import MissionsView from './views/MissionsView.vue'
import PeersView from './views/PeersView.vue'
import SettingsView from './views/SettingsView.vue'
import TrustView from './views/TrustView.vue'

declare module 'vue-router' {
  interface RouteMeta {
    readonly title: MessageKey
  }
}

/** In the order of the rail, which is the order of Ctrl+1 to Ctrl+5. */
export const screens = ['/peers', '/missions', '/trust', '/activity', '/settings'] as const

export function createWindowRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      {
        path: '/peers/:nodeId?/:sheet(decide|share|revoke|forget|continue)?',
        component: PeersView,
        props: true,
        meta: { title: 'peers.title' }
      },
      { path: '/missions', component: MissionsView, meta: { title: 'missions.title' } },
      {
        path: '/missions/:id/:tab(map|log|files|conflicts|people|history)?',
        component: MissionView,
        props: true,
        meta: { title: 'missions.title' }
      },
      {
        path: '/trust/:pane(import|anchor|pin|authority)?/:id?',
        component: TrustView,
        props: true,
        meta: { title: 'trust.title' }
      },
      { path: '/activity/:seq(\\d+)?', component: ActivityView, props: true, meta: { title: 'activity.title' } },
      { path: '/settings', component: SettingsView, meta: { title: 'settings.title' } },
      { path: '/leave', component: LeaveView, meta: { title: 'leave.title' } },
      { path: '/:rest(.*)*', redirect: '/peers' }
    ]
  })
}
