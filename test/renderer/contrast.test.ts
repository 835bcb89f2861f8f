/** The tokens against the tables of the look (its section 5): every contrast is computed again as WCAG 2 defines it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const themes = ['light', 'dark', 'sunlight', 'night'] as const
const surfaces = ['ground', 'sheet', 'raised', 'sunk', 'select'] as const
const texts = ['text-1', 'text-2', 'text-3', 'accent', 'trusted', 'waiting', 'conflict', 'danger', 'offline', 'step']
const statuses = ['trusted', 'waiting', 'conflict', 'danger', 'offline', 'step']
const css = readFileSync(new URL('../../src/renderer/styles/tokens.css', import.meta.url), 'utf8')

/** Lowest contrast of each role over the five surfaces, as the look gives it, cut to one decimal. */
const lowest: Readonly<Record<string, readonly number[]>> = {
  'text-1': [13.9, 10.9, 17.2, 5.0],
  'text-2': [7.0, 7.2, 17.2, 4.8],
  'text-3': [5.0, 5.2, 17.2, 4.6],
  accent: [6.3, 6.6, 10.8, 5.0],
  trusted: [6.8, 5.4, 8.8, 4.6],
  waiting: [7.6, 5.6, 10.9, 5.0],
  conflict: [4.8, 8.4, 7.4, 5.0],
  danger: [6.0, 4.7, 7.6, 5.0],
  offline: [4.7, 7.1, 17.2, 4.6],
  step: [5.0, 8.4, 7.1, 4.6],
  focus: [4.5, 7.1, 7.2, 5.0],
  edge: [3.3, 3.2, 17.2, 3.1]
}

function tokensOf(theme: string): ReadonlyMap<string, string> {
  const block = css.match(new RegExp(`html\\.${theme} \\{([^}]*)\\}`))?.[1] ?? ''
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value.trim()])
  )
}

function luminance(hex: string): number {
  const channels = [1, 3, 5].map((start) => {
    const part = parseInt(hex.slice(start, start + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * (channels[0] ?? 0) + 0.7152 * (channels[1] ?? 0) + 0.0722 * (channels[2] ?? 0)
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

describe.each(themes.map((name, index) => [name, index] as const))('theme %s', (theme, index) => {
  const tokens = tokensOf(theme)
  const color = (name: string): string => {
    const value = tokens.get(name)
    if (value === undefined || !/^#[0-9a-f]{6}$/.test(value)) throw new Error(`${theme} has no colour ${name}`)
    return value
  }
  const worst = (role: string): number => Math.min(...surfaces.map((surface) => contrast(color(role), color(surface))))

  it.each(texts)('%s can be read on every surface', (role) => {
    expect(worst(role)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['focus', 'edge'])('%s can be seen on every surface', (role) => {
    expect(worst(role)).toBeGreaterThanOrEqual(3)
  })

  it.each(Object.keys(lowest))('%s has the contrast that the look says', (role) => {
    expect(Math.floor(worst(role) * 10) / 10).toBeCloseTo(lowest[role]?.[index] ?? 0, 5)
  })

  it.each(statuses)('%s and texts can be read on its wash', (status) => {
    const wash = color(`${status}-wash`)
    for (const role of [status, 'text-1', 'text-2']) expect(contrast(color(role), wash)).toBeGreaterThanOrEqual(4.5)
  })

  it('what is filled carries readable words', () => {
    expect(contrast(color('on-ink'), color('ink'))).toBeGreaterThanOrEqual(4.5)
    for (const status of statuses) expect(contrast(color('on-status'), color(status))).toBeGreaterThanOrEqual(4.5)
  })
})

it('night red has neither green nor blue in any colour', () => {
  const colors = [...tokensOf('night').values()].filter((value) => value.startsWith('#'))
  expect(colors.length).toBeGreaterThan(20)
  for (const value of colors) expect(value.slice(3)).toBe('0000')
})

it('every theme defines the same roles', () => {
  const names = themes.map((theme) => [...tokensOf(theme).keys()].sort())
  for (const list of names) expect(list).toEqual(names[0])
})
