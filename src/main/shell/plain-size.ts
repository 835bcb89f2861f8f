/** Whether something from the window is plain data, and about how much: as JSON would write it. Pure. */
const depthMost = 64

/**
 * @returns about the bytes of its JSON, more than `most` as soon as that is passed; `undefined` when it holds anything
 *   but plain objects, arrays, texts, finite numbers, booleans, `null` and `undefined`, or is nested too deeply.
 */
export function plainSize(value: unknown, most: number): number | undefined {
  let size = 0
  function isPlain(part: unknown, depth: number): boolean {
    if (size > most) return true
    switch (typeof part) {
      case 'string':
        size += part.length + 2
        return true
      case 'number':
        size += 8
        return Number.isFinite(part)
      case 'boolean':
      case 'undefined':
        size += 5
        return true
      case 'object':
        break
      default:
        return false
    }
    if (part === null) {
      size += 4
      return true
    }
    if (depth >= depthMost) return false
    size += 2
    if (Array.isArray(part)) return part.every((item) => isPlain(item, depth + 1))
    const kind: unknown = Object.getPrototypeOf(part)
    if (kind !== Object.prototype && kind !== null) return false
    for (const [key, item] of Object.entries(part)) {
      size += key.length + 4
      if (!isPlain(item, depth + 1)) return false
    }
    return true
  }
  return isPlain(value, 0) ? size : undefined
}
