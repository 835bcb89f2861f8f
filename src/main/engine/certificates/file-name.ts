/** `muster-<name>.<ending>`, whatever signs the name has. */
export function fileNameFor(name: string, ending: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return `muster-${plain.toLowerCase() || 'laptop'}.${ending}`
}
