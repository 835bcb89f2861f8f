/** A folder of a disk as a disk of its own. */
import type { Disk } from './disk.js'

export function diskBelow(disk: Disk, folder: string): Disk {
  const at = (path: string) => `${folder}/${path}`
  const back = (path: string) => path.slice(folder.length + 1)
  return {
    read: (path) => disk.read(at(path)),
    replace: (path, bytes, options) => disk.replace(at(path), bytes, options),
    openLog: (path, durable) => disk.openLog(at(path), durable),
    list: (path) => disk.list(at(path)),
    move: (from, to) => disk.move(at(from), at(to)),
    remove: (path) => disk.remove(at(path)),
    async facts(path) {
      const facts = await disk.facts(at(path))
      return facts && { ...facts, path }
    },
    async files(path) {
      return (await disk.files(at(path))).map((facts) => ({ ...facts, path: back(facts.path) }))
    },
    readPart: (path, offset, length) => disk.readPart(at(path), offset, length),
    free: () => disk.free(),
    place: () => disk.place()
  }
}
