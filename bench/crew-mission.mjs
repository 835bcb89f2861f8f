// A mission as a large crew leaves it behind: items on a map, a log of several weeks, tasks and some conflicts.
import { createEngine } from '../out/main/engine.js'
import { newFolder } from './process.mjs'

const atOnce = 10_000
const words = (
  'team north bridge closed water rising two persons seen at ridge camp needs blankets vehicle stuck road open ' +
  'hose line laid wind gusts crew relief Žižek Kovačević Müller Łukasz Opatje selo Sežana Cerje spot fire railway'
).split(' ')

/** The same text for the same number. */
function textOf(number, length) {
  let state = (number + 1) >>> 0
  const picked = []
  for (let count = 0; count < length; count++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    picked.push(words[state % words.length])
  }
  return picked.join(' ')
}

/** @returns the folder of a node that was stopped, and the mission's ID. */
export async function writeCrewMission({ items, entries, tasks = 150, conflicts = 40 }) {
  const folder = newFolder()
  // Nothing that an engine waits for keeps a process alive.
  const alive = setInterval(() => undefined, 1_000)
  const engine = good(
    await createEngine({ dataFolder: folder, callsign: 'OSC Sežana', linkHost: '127.0.0.1', linkPort: 0 })
  )
  const missionId = good(await engine.commands.createMission({ name: 'Karst Ridge Fire' })).id
  let waiting = []
  let changes = 0
  const flush = async () => {
    const written =
      waiting.length === 0 ? [] : good(await engine.commands.write({ missionId, changes: waiting })).changes
    changes += waiting.length
    waiting = []
    return written
  }
  const write = async (entity, field, value) => {
    waiting.push({ entity, field, value, seen: [] })
    if (waiting.length === atOnce) await flush()
  }
  for (let number = 0; number < items; number++) {
    const entity = `item/bench-${number}`
    await write(entity, 'type', number % 3 === 0 ? 'a-f-G-U-C' : 'b-m-p-s-m')
    await write(entity, 'title', `${textOf(number, 2)} ${number}`)
    await write(entity, 'point', { lat: 45.5 + (number % 1000) / 2000, lon: 13.5 + Math.floor(number / 1000) / 100 })
  }
  for (let number = 0; number < tasks; number++) {
    await write(`task/bench-${number}`, 'title', textOf(number + 7, 5))
    await write(`task/bench-${number}`, 'state', 'open')
  }
  for (let number = 0; number < entries; number++)
    await write(`log/bench-${number}`, 'text', `${textOf(number + 3, 14)} ${number}`)
  await flush()
  // Two writes of one field that know nothing of each other.
  for (let number = 0; number < conflicts; number++) await write(`task/bench-${number}`, 'state', 'done')
  await flush()
  await engine.stop()
  clearInterval(alive)
  return { folder, missionId, changes }
}

function good(result) {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail ?? ''}`)
  return result.value
}
