/** The version of Muster, the same as in package.json (a test compares them). */
export const version = '0.1.0'

/** No clock that is right shows less (ms): not before the release. Moved forward with the version. */
export const releasedAt = Date.UTC(2026, 6, 1)
