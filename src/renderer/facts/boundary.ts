/** What the boundary of the own federation says, and what another one would change, in words. */
import {
  boundaryLimits,
  type Boundary,
  type BoundaryMode,
  type FederationPolicy,
  type ForeignFederation
} from '@shared/boundary'
import type { BoundaryEffect, MissionSummary } from '@shared/model'
import { readName } from '../display/setting'
import type { MessageKey } from '../i18n'
import { saying, type Saying } from './fact'
import { scopeSaying } from './scope-text'

export const boundaryModes: readonly BoundaryMode[] = ['strict', 'bridging', 'open']

export const modeWords = {
  strict: {
    word: 'boundary.mode.strict',
    confirm: 'boundary.modeDo.strict',
    ask: 'boundary.modeTitle.strict',
    means: 'boundary.means.strict'
  },
  bridging: {
    word: 'boundary.mode.bridging',
    confirm: 'boundary.modeDo.bridging',
    ask: 'boundary.modeTitle.bridging',
    means: 'boundary.means.bridging'
  },
  open: {
    word: 'boundary.mode.open',
    confirm: 'boundary.modeDo.open',
    ask: 'boundary.modeTitle.open',
    means: 'boundary.means.open'
  }
} as const satisfies Readonly<Record<BoundaryMode, Readonly<Record<string, MessageKey>>>>

export function withMode(boundary: Boundary, mode: BoundaryMode): Boundary {
  return { ...boundary, mode }
}

/** In its place if it is listed, else behind the others. */
export function withFederation({ mode, federations }: Boundary, one: ForeignFederation): Boundary {
  const isListed = federations.some(({ name }) => name === one.name)
  return {
    mode,
    federations: isListed ? federations.map((other) => (other.name === one.name ? one : other)) : [...federations, one]
  }
}

export function withoutFederation({ mode, federations }: Boundary, name: string): Boundary {
  return { mode, federations: federations.filter((other) => other.name !== name) }
}

export function isFull({ federations }: Boundary): boolean {
  return federations.length >= boundaryLimits.federations
}

/** Why this cannot be the name of a federation that is added to the list. */
export function nameError(typed: string, own: string, { federations }: Boundary): MessageKey | undefined {
  const name = readName(typed, 1)
  if (name === undefined) return 'settings.nameError'
  if (name === own) return 'boundary.nameOwn'
  return federations.some((listed) => listed.name === name) ? 'boundary.nameListed' : undefined
}

/** Out, in, and what its certificates and deletions are worth. */
export function policySayings(policy: FederationPolicy, missions: readonly MissionSummary[]): readonly Saying[] {
  return [
    scopeSaying(policy, missions),
    saying(
      policy.in.includes('*') ? 'boundary.takesAll' : policy.in.length > 0 ? 'boundary.takesSome' : 'boundary.takesNone'
    ),
    saying(policy.vouching ? 'boundary.vouches' : 'boundary.vouchesNot'),
    saying(policy.deletions === 'count' ? 'boundary.deletes' : 'boundary.asks')
  ]
}

export interface EffectGroup {
  readonly kind: 'ends' | 'begins' | 'fewer' | 'more'
  readonly effects: readonly BoundaryEffect[]
}

export const effectWords = {
  ends: 'boundary.ends',
  fewer: 'boundary.fewer',
  begins: 'boundary.begins',
  more: 'boundary.more'
} as const satisfies Readonly<Record<EffectGroup['kind'], MessageKey>>

/** What is lost first. Who may be linked no more, or now, is not counted by missions as well. */
export function effectGroups(effects: readonly BoundaryEffect[]): readonly EffectGroup[] {
  const kindOf = ({ mayLink, missions }: BoundaryEffect): EffectGroup['kind'] => {
    if (mayLink[0] !== mayLink[1]) return mayLink[1] ? 'begins' : 'ends'
    return missions[1] < missions[0] ? 'fewer' : 'more'
  }
  return (['ends', 'fewer', 'begins', 'more'] as const)
    .map((kind) => ({ kind, effects: effects.filter((effect) => kindOf(effect) === kind) }))
    .filter((group) => group.effects.length > 0)
}
