/**
 * Which commands a script in the window cannot give by itself: main wants to have seen a person's hand in the window
 * just before (docs/decisions/0008-a-hand-in-the-window.md). Pure.
 */
import type { CommandName } from '@shared/contract.js'
import type { Settings } from '@shared/settings.js'

/** `host`: never from a page, because it names a file of this machine. */
type Care = 'free' | 'person' | 'host' | ((argument: unknown) => boolean)

/** What opens this node to others, or to programs, wants a person; how the window looks does not. */
const settings: Readonly<Record<keyof Settings, 'free' | 'person'>> = {
  callsign: 'free',
  laptop: 'free',
  federation: 'person',
  linkPort: 'free',
  isDiscoverable: 'person',
  interfaces: 'person',
  isShownToStrangers: 'person',
  introducesPeers: 'person',
  dnsServer: 'person',
  dnsDomain: 'person',
  hasLocalApi: 'person',
  theme: 'free',
  language: 'free',
  hasSingleKeys: 'free',
  closing: 'free',
  filesMostMb: 'free',
  filesAutoMb: 'free',
  lockAfterMin: 'person',
  isSetUp: 'free'
}

/** Every command, so that a new one does not compile without an answer. */
const commands: Readonly<Record<CommandName, Care>> = {
  addPeer: 'person',
  removeAddress: 'person',
  tryNow: 'free',
  decide: 'person',
  retire: 'person',
  trustStory: 'free',
  startPairing: 'person',
  openPairing: 'person',
  answerPairing: 'person',
  cancelPairing: 'free',
  continueLate: 'person',
  forgetPeer: 'person',
  previewCertificates: 'free',
  importCertificates: 'person',
  removeAnchor: 'person',
  removePin: 'person',
  exportCertificate: 'free',
  renewCertificate: 'person',
  viewAuthority: 'free',
  makeAuthority: 'person',
  takeAuthority: 'person',
  previewRequest: 'free',
  issueCertificate: 'person',
  revokeIssued: 'person',
  publishList: 'free',
  exportAuthority: 'person',
  requestCertificate: 'free',
  lockKeys: 'person',
  setPassphrase: 'person',
  exportIdentity: 'person',
  importIdentity: 'person',
  previewReset: 'free',
  resetIdentity: 'person',
  lockNow: 'free',
  unlock: 'free',
  personHere: 'free',
  changeSettings: (argument) =>
    typeof argument !== 'object' ||
    argument === null ||
    Object.keys(argument).some((name) => settings[name as keyof Settings] !== 'free'),
  lookAgain: 'free',
  openTeamList: 'person',
  removeTeamList: 'person',
  listCatalogue: 'free',
  confirmJournal: 'person',
  createMission: 'free',
  write: 'free',
  viewMission: 'free',
  listEntities: 'free',
  listConflicts: 'free',
  listDeletedEdits: 'free',
  listHistory: 'free',
  openPast: 'free',
  search: 'free',
  viewEntity: 'free',
  listItems: 'free',
  listTasks: 'free',
  listMaps: 'free',
  addMap: 'person',
  removeMap: 'free',
  sharePresence: 'free',
  listPresence: 'free',
  listAudit: 'free',
  listOnlyHere: 'free',
  previewScope: 'free',
  setBoundary: 'person',
  previewBoundary: 'free',
  listContents: 'free',
  wantContent: 'free',
  previewContent: 'free',
  listSnapshots: 'free',
  takeSnapshot: 'free',
  removeMember: 'person',
  listForks: 'free',
  settleFork: 'person',
  setRole: 'person',
  adoptBeyond: 'person',
  listBeyond: 'free',
  listDeleted: 'free',
  listAsked: 'free',
  restoreSnapshot: 'person',
  estimateBundle: 'free',
  writeBundle: 'host',
  previewBundle: 'host',
  takeBundle: 'host',
  takeReceipt: 'person',
  bundleProgress: 'free',
  cancelBundle: 'free'
}

export function isForHost(name: CommandName): boolean {
  return commands[name] === 'host'
}

export function needsPerson(name: CommandName, argument: unknown): boolean {
  const care = commands[name]
  return typeof care === 'function' ? care(argument) : care === 'person'
}

/** Long enough for a slow disk and a hand on the way from field to button, short enough to mean "just now". */
export const handWithinMs = 10_000

/** Pressing and letting go, by mouse, pen, finger or key. Moving over the window means nothing. */
const handEvents: ReadonlySet<string> = new Set([
  'mouseDown',
  'mouseUp',
  'rawKeyDown',
  'keyDown',
  'keyUp',
  'char',
  'touchStart',
  'touchEnd',
  'gestureTap',
  'pointerDown',
  'pointerUp'
])

export function isHandEvent(type: string): boolean {
  return handEvents.has(type)
}

/** Both in milliseconds of a clock that nobody sets. */
export function isHandHere(lastAt: number | undefined, now: number): boolean {
  return lastAt !== undefined && now >= lastAt && now - lastAt <= handWithinMs
}
