/** The folders of a mission in their order, and what moving or deleting one writes (docs/protocol/missions.md). */
import { fieldsOf, idOf } from '@shared/mission-model'
import type { EntityView, Json, WriteRequest } from '@shared/model'
import { fieldOf } from '../display/value'

export interface Folder {
  readonly uid: string
  readonly entity: EntityView
  readonly name: string
  /** 0 at the top. */
  readonly depth: number
  readonly parent: string | undefined
  /** The one before it below the same parent, as shown. */
  readonly before: string | undefined
}

interface Node {
  readonly uid: string
  readonly entity: EntityView
  readonly name: string
  parent: string | undefined
  after: string | undefined
}

/** All folders, each below its parent and in the order that every laptop shows. */
export function orderFolders(layers: readonly EntityView[]): readonly Folder[] {
  const nodes = new Map<string, Node>()
  for (const entity of [...layers].sort((a, b) => (a.entity < b.entity ? -1 : 1))) {
    const { name = '', parent, after } = fieldsOf('layer', entity)
    const uid = idOf(entity.entity)
    nodes.set(uid, { uid, entity, name, parent, after })
  }
  for (const node of nodes.values()) if (!nodes.has(node.parent ?? '')) node.parent = undefined
  breakCircles(nodes, 'parent')
  for (const node of nodes.values()) {
    const before = nodes.get(node.after ?? '')
    if (before === undefined || before.parent !== node.parent) node.after = undefined
  }
  breakCircles(nodes, 'after')
  const below = groupBy([...nodes.values()], ({ parent }) => parent ?? '')
  const behind = groupBy([...nodes.values()], ({ parent, after }) => `${parent ?? ''}\n${after ?? ''}`)
  const ordered: Folder[] = []
  const show = (parent: string | undefined, depth: number): void => {
    if (!below.has(parent ?? '')) return
    let before: string | undefined
    // From the first on, each followed by what stands behind it; a list of work, so that a long chain needs no stack.
    const next = [...(behind.get(`${parent ?? ''}\n`) ?? [])].reverse()
    for (let node = next.pop(); node !== undefined; node = next.pop()) {
      const { uid, entity, name } = node
      ordered.push({ uid, entity, name, depth, parent, before })
      before = uid
      show(uid, depth + 1)
      next.push(...[...(behind.get(`${parent ?? ''}\n${uid}`) ?? [])].reverse())
    }
  }
  show(undefined, 0)
  return ordered
}

/** Of each circle of links the smallest uid lets go of its link. */
function breakCircles(nodes: ReadonlyMap<string, Node>, link: 'parent' | 'after'): void {
  const done = new Set<string>()
  for (const start of nodes.values()) {
    const way: Node[] = []
    const onWay = new Set<string>()
    let node: Node | undefined = start
    while (node !== undefined && !done.has(node.uid) && !onWay.has(node.uid)) {
      onWay.add(node.uid)
      way.push(node)
      node = nodes.get(node[link] ?? '')
    }
    if (node !== undefined && onWay.has(node.uid)) {
      const circle = way.slice(way.indexOf(node))
      const smallest = circle.reduce((least, one) => (one.uid < least.uid ? one : least))
      smallest[link] = undefined
    }
    for (const { uid } of way) done.add(uid)
  }
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}

/** Folders that one may be put into: not itself and nothing below it. */
export function parentsFor(folders: readonly Folder[], uid: string): readonly Folder[] {
  const inside = new Set([uid])
  return folders.filter((folder) => {
    if (inside.has(folder.parent ?? '')) inside.add(folder.uid)
    return !inside.has(folder.uid)
  })
}

/** Puts a folder below a parent, behind another one there; `undefined`: at the top, at the beginning. */
export function moveFolder(
  folders: readonly Folder[],
  uid: string,
  parent: string | undefined,
  behind: string | undefined
): readonly WriteRequest[] {
  const moved = folders.find((one) => one.uid === uid)
  if (moved === undefined) return []
  const left = siblings(folders, moved.parent).filter((one) => one.uid !== uid)
  const there = siblings(folders, parent).filter((one) => one.uid !== uid)
  const at = there.findIndex((one) => one.uid === behind) + 1
  return [
    ...(moved.parent === parent ? [] : [...opened(folders, uid), ...set(moved, 'parent', parent), ...chain(left)]),
    ...chain([...there.slice(0, at), moved, ...there.slice(at)])
  ]
}

/** One step up or down among its neighbours; nothing at the end. */
export function stepFolder(folders: readonly Folder[], uid: string, step: -1 | 1): readonly WriteRequest[] {
  const folder = folders.find((one) => one.uid === uid)
  const row = siblings(folders, folder?.parent)
  const at = row.findIndex((one) => one.uid === uid)
  const to = at + step
  if (folder === undefined || to < 0 || to >= row.length) return []
  const rest = row.filter((one) => one.uid !== uid)
  return moveFolder(folders, uid, folder.parent, rest[to - 1]?.uid)
}

/** Deletes a folder; what is in it goes where it was. */
export function deleteFolder(folders: readonly Folder[], uid: string): readonly WriteRequest[] {
  const gone = folders.find((one) => one.uid === uid)
  if (gone === undefined) return []
  const children = siblings(folders, uid)
  const row = siblings(folders, gone.parent)
  const at = row.indexOf(gone)
  return [
    ...opened(folders, uid).filter(({ entity }) => children.every((child) => child.entity.entity !== entity)),
    ...children.flatMap((child) => set(child, 'parent', gone.parent)),
    ...chain([...row.slice(0, at), ...children, ...row.slice(at + 1)]),
    ...set(gone, 'deleted', true)
  ]
}

/** Folders that stand where they do because a circle was broken there: what opens the circle must not move them. */
function opened(folders: readonly Folder[], uid: string): readonly WriteRequest[] {
  const known = new Set(folders.map((one) => one.uid))
  return folders.flatMap((one) => {
    const wanted = fieldsOf('layer', one.entity).parent
    const isBroken = one.uid !== uid && wanted !== one.parent && known.has(wanted ?? '')
    return isBroken ? set(one, 'parent', one.parent) : []
  })
}

function siblings(folders: readonly Folder[], parent: string | undefined): readonly Folder[] {
  return folders.filter((one) => one.parent === parent)
}

/** What makes each stand behind the one before it. */
function chain(row: readonly Folder[]): readonly WriteRequest[] {
  return row.flatMap((folder, index) => set(folder, 'after', row[index - 1]?.uid))
}

/** Nothing, if it is so already. */
function set({ entity }: Folder, field: string, value: Json | undefined): readonly WriteRequest[] {
  const values = fieldOf(entity, field)?.values ?? []
  const isSo = values.length <= 1 && (values[0]?.value ?? null) === (value ?? null)
  return isSo ? [] : [{ entity: entity.entity, field, value: value ?? null, seen: values.map(({ name }) => name) }]
}

/** What is in no folder, or in one that is not there, among what is hidden. */
export const noFolder = ''

/** Whether something is hidden, because its folder is or one that holds it. */
export function isHidden(
  folders: readonly Folder[],
  hidden: ReadonlySet<string>
): (layer: string | undefined) => boolean {
  const gone = new Set<string>()
  // A folder comes behind the one that holds it.
  for (const { uid, parent } of folders) if (hidden.has(uid) || gone.has(parent ?? noFolder)) gone.add(uid)
  const known = new Set(folders.map(({ uid }) => uid))
  return (layer) => (layer !== undefined && known.has(layer) ? gone.has(layer) : hidden.has(noFolder))
}
