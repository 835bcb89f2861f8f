/** The desktop host's command line. Whoever starts the program fills it, a file manager too: nothing in it is trusted. */
import { extname, resolve } from 'node:path'
import { isBundleName, isReceiptName } from '@shared/bundle-names.js'

export interface ShellArguments {
  /** Folder of the data, instead of the usual one. */
  readonly data?: string
  /** Paths of files to look at; nothing was read yet. */
  readonly files: readonly string[]
}

/** A first filter only: what a file holds is told by its content, in the preview. */
const extensions: readonly string[] = ['.p12', '.pfx', '.pem', '.crt', '.cer', '.der', '.key']

/**
 * This process's own.
 * @param args without the program itself; what is unknown is passed over.
 * @param folder what relative paths start from.
 */
export function readArguments(args: readonly string[], folder: string): ShellArguments {
  const at = args.findIndex((arg) => arg === '--data' || arg.startsWith('--data='))
  const flag = args[at]
  const data = flag === '--data' ? args[at + 1] : flag?.slice('--data='.length)
  const rest = flag === '--data' ? args.toSpliced(at, 2) : args
  const files = filesIn(rest, folder)
  return data === undefined || data === '' ? { files } : { data: resolve(folder, data), files }
}

/**
 * Of any process's arguments. Those of a second start come in another order and with switches of Chromium in between
 * (Electron, `second-instance`), so no flag can be told from its value there.
 */
export function filesIn(args: readonly string[], folder: string): readonly string[] {
  return args.filter(isOpenable).map((arg) => resolve(folder, arg))
}

function isOpenable(path: string): boolean {
  if (path.startsWith('-') || path.includes('\0')) return false
  return extensions.includes(extname(path).toLowerCase()) || isBundleName(path) || isReceiptName(path)
}
