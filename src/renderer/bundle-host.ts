/**
 * Bundles need files, and a page has none: the desktop asks by the system's dialogs, a browser sends slices to its engine
 * and fetches what was written. Both look the same from here.
 */
import { isReceiptName } from '@shared/bundle-names'
import type { BundleOrder, ChosenFile, DesktopHost } from '@shared/contract'
import type { BundlePreview, BundleTaken, BundleWritten } from '@shared/model'
import { fail, ok, type Problem, type Result } from '@shared/result'
import { toBase64 } from './display/base64'

export interface BundleHost {
  /** Null: the person changed their mind. */
  write(order: BundleOrder): Promise<Result<WrittenFor | null>>
  /** Absent in a browser, whose own dialog gives files to `open`. */
  readonly choose?: () => Promise<Result<ChosenFile | null>>
  /** Files that a person chose or dropped: the pieces of one bundle, or a receipt. */
  open(files: readonly File[], onBytes: OnBytes): Promise<Result<ChosenFile>>
  preview(id: string): Promise<Result<BundlePreview>>
  take(id: string): Promise<Result<BundleTaken>>
  /** It is not taken: what was sent for it goes. */
  leave(id: string): void
  onOpened(listener: (chosen: ChosenFile) => void): () => void
}

export interface WrittenFor {
  readonly written: BundleWritten
  /** In a browser: each address is good for one download. Left out: it lies where the person wanted it. */
  readonly links?: readonly { readonly name: string; readonly size: number; readonly href: string }[]
}

/** So many more bytes were sent; answers whether to go on. */
export type OnBytes = (bytes: number) => boolean

/** `undefined`: nobody answered. */
export type Ask = (path: string, init: RequestInit) => Promise<Response | undefined>

const sliceBytes = 4 * 1024 * 1024
const receiptBytesMost = 1024 * 1024

export function bundlesOnDesktop(desktop: DesktopHost): BundleHost {
  return {
    async write(order) {
      const written = await settled(desktop.writeBundle(order))
      if (!written.ok) return written
      return ok(written.value === null ? null : { written: written.value })
    },
    choose: () => settled(desktop.chooseBundle()),
    async open([file]) {
      return file === undefined ? fail('not-a-bundle') : settled(desktop.dropBundle(file))
    },
    preview: (id) => settled(desktop.previewBundle(id)),
    take: (id) => settled(desktop.takeBundle(id)),
    leave: () => undefined,
    onOpened: (listener) => desktop.onOpenedBundle(listener)
  }
}

export function bundlesOverHttp(ask: Ask): BundleHost {
  async function call<T>(method: string, path: string, body?: BodyInit): Promise<Result<T>> {
    const response = await ask(`/api/v1/bundles/${path}`, { method, ...(body === undefined ? {} : { body }) })
    if (response === undefined) return fail('engine-lost')
    try {
      if (response.ok) return ok((await response.json()) as T)
      return { ok: false, problem: (await response.json()) as Problem }
    } catch (error) {
      return fail('engine-lost', error instanceof Error ? error.message : String(error))
    }
  }

  async function send(id: string, file: File, onBytes: OnBytes): Promise<Result<unknown>> {
    for (let at = 0; at === 0 || at < file.size; at += sliceBytes) {
      const slice = file.slice(at, at + sliceBytes)
      const path = `uploads/${id}/${encodeURIComponent(file.name)}?offset=${String(at)}`
      const sent = await call('PUT', path, slice)
      if (!sent.ok) return sent
      if (!onBytes(slice.size)) return fail('bundle-cancelled')
    }
    return ok(null)
  }

  function leave(id: string): void {
    void call('DELETE', `uploads/${id}`)
  }

  return {
    async write(order) {
      const written = await call<{ written: BundleWritten; files: NonNullable<WrittenFor['links']> }>(
        'POST',
        'download',
        JSON.stringify(order)
      )
      return written.ok ? ok({ written: written.value.written, links: written.value.files }) : written
    },
    async open(files, onBytes) {
      const [first] = files
      if (first === undefined) return fail('not-a-bundle')
      if (isReceiptName(first.name)) return readReceipt(first)
      const begun = await call<{ id: string }>('POST', 'uploads')
      if (!begun.ok) return begun
      const { id } = begun.value
      for (const file of files) {
        const sent = await send(id, file, onBytes)
        if (sent.ok) continue
        leave(id)
        return sent
      }
      return ok({ kind: 'bundle', id, name: first.name })
    },
    preview: (id) => call('POST', `uploads/${id}/preview`),
    take: (id) => call('POST', `uploads/${id}/import`),
    leave,
    onOpened: () => () => undefined
  }
}

async function readReceipt(file: File): Promise<Result<ChosenFile>> {
  if (file.size > receiptBytesMost) return fail('bad-receipt', file.name)
  try {
    return ok({ kind: 'receipt', name: file.name, data: toBase64(new Uint8Array(await file.arrayBuffer())) })
  } catch (error) {
    // It went away between choosing and reading.
    return fail('bad-receipt', error instanceof Error ? error.message : String(error))
  }
}

async function settled<T>(asked: Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await asked
  } catch (error) {
    return fail('internal', error instanceof Error ? error.message : String(error))
  }
}
