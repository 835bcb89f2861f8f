import { fail, ok, type Result } from '@shared/result'
import { fromBase64 } from '../display/base64'
import { download } from '../display/download'
import { desktopHost } from '../engine-client'
import { saying, type Saying } from '../i18n'

/**
 * Hands a file to a person: the desktop host asks where and writes it, a browser downloads it. Answers what to say about
 * it, or `undefined` when the person changed their mind.
 */
export function useSaveFile(): (fileName: string, data: string) => Promise<Result<Saying | undefined>> {
  return async (fileName, data) => {
    const desktop = desktopHost()
    if (desktop === undefined) {
      download(new Blob([fromBase64(data)], { type: 'application/octet-stream' }), fileName)
      return ok(saying('export.downloaded', { name: fileName }))
    }
    try {
      const saved = await desktop.saveFile(fileName, data)
      if (!saved.ok) return saved
      return ok(saved.value === null ? undefined : saying('export.savedAt', { path: saved.value.path }))
    } catch (error) {
      return fail('internal', error instanceof Error ? error.message : String(error))
    }
  }
}
