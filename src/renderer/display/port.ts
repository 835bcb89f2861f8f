export function parsePort(text: string): number | undefined {
  const number = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= 65535 ? number : undefined
}
