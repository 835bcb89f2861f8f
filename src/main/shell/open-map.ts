/** Opening a map for the window: a person chooses the file in the system's dialog, so the window never names one. */
import { dialog, type BrowserWindow } from 'electron'
import type { MapFileSummary } from '@shared/model.js'
import { ok, type Result } from '@shared/result.js'

export async function openMap(
  window: BrowserWindow,
  add: (path: string) => Promise<Result<MapFileSummary>>
): Promise<Result<MapFileSummary | null>> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    properties: ['openFile'],
    filters: [{ name: 'PMTiles, MBTiles', extensions: ['pmtiles', 'mbtiles'] }]
  })
  const [path] = filePaths
  return canceled || path === undefined ? ok(null) : add(path)
}
