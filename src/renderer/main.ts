import '@fontsource-variable/ibm-plex-sans/standard.css'
import '@fontsource/ibm-plex-mono/500.css'
import '@fontsource/ibm-plex-mono/600.css'
import './styles/tokens.css'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp, watchEffect } from 'vue'
import App from './App.vue'
import { createEngineClient } from './engine-client'
import { createText, languageTags } from './i18n'
import { createWindowRouter } from './router'
import { useFeedStore } from './stores/feed'
import { usePreferencesStore } from './stores/preferences'

// Before the router: the one-time code is in the address, where the router would take it for a screen.
const client = createEngineClient()
const app = createApp(App)
app.use(createPinia())
const preferences = usePreferencesStore()
const text = createText(preferences.locale)
watchEffect(() => {
  text.global.locale.value = preferences.locale
  document.documentElement.lang = languageTags[preferences.locale]
})
app.use(text)
useFeedStore().start(client)
app.use(createWindowRouter())
app.mount('#app')
