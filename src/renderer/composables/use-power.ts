import { onScopeDispose, shallowRef, watchEffect, type ShallowRef } from 'vue'
import { amount, fact, saying, type Fact } from '../facts/fact'

interface Battery extends EventTarget {
  readonly charging: boolean
  readonly level: number
  readonly chargingTime: number
  readonly dischargingTime: number
}

const changes = ['chargingchange', 'levelchange', 'chargingtimechange', 'dischargingtimechange']
const lowLevel = 0.2

/** Undefined where there is no battery, or no way to know: then nothing is said. */
export function usePower(): ShallowRef<Fact | undefined> {
  const power = shallowRef<Fact>()
  const battery = shallowRef<Battery>()
  const tick = shallowRef(0)
  const update = (): void => {
    tick.value++
  }
  const source = navigator as { getBattery?: () => Promise<Battery> }
  source.getBattery?.().then(
    (found) => {
      battery.value = found
      for (const name of changes) found.addEventListener(name, update)
    },
    () => undefined
  )
  watchEffect(() => {
    power.value = tick.value >= 0 && battery.value !== undefined ? judgePower(battery.value) : undefined
    // No motion on a low battery: it costs what is left.
    document.documentElement.classList.toggle('still', battery.value !== undefined && isLow(battery.value))
  })
  onScopeDispose(() => {
    for (const name of changes) battery.value?.removeEventListener(name, update)
  })
  return power
}

function isLow(battery: Battery): boolean {
  return !battery.charging && battery.level < lowLevel
}

function judgePower(battery: Battery): Fact | undefined {
  // Chromium reports a machine without a battery exactly like a full one on mains.
  if (battery.charging && battery.level === 1) return undefined
  const percent = Math.round(battery.level * 100)
  if (battery.charging)
    return fact(undefined, 'text', saying('strip.power.percent', { percent }), saying('strip.power.charging'))
  const seconds = battery.dischargingTime
  const word = Number.isFinite(seconds)
    ? saying('strip.power.percentLeft', { percent, left: amount('duration', Math.round(seconds / 60) * 60_000) })
    : saying('strip.power.percent', { percent })
  return fact(undefined, isLow(battery) ? 'conflict' : 'text', word, saying('strip.power.battery'))
}
