/** Who the window is, and what it may ask for. Pure. */
export const scheme = 'app'
export const windowHost = 'muster'
export const windowOrigin = `${scheme}://${windowHost}`

/** @param hasDevTools only in development. */
export function mayRequest(url: string, hasDevTools: boolean): boolean {
  // A blob is bytes that the page holds already, such as a picture of a mission.
  const isOwn = url.startsWith(`${windowOrigin}/`) || url.startsWith(`blob:${windowOrigin}/`)
  return isOwn || (hasDevTools && url.startsWith('devtools://'))
}

/** The window's main frame, and still our page in it. */
export function isOwnFrame<Frame extends { readonly origin: string }>(sender: Frame | null, main: Frame): boolean {
  return sender !== null && sender === main && sender.origin === windowOrigin
}
