/**
 * A screen reader presses a button without a key or a mouse that main could see. Where one is in use (the system says so
 * on Windows and macOS), main asks by itself, instead of leaving its user without the command.
 */
import { app, dialog, type BrowserWindow } from 'electron'
import type { CommandName } from '@shared/contract.js'

const acts: Partial<Record<CommandName, string>> = {
  addMap: 'open a map from a file',
  addPeer: 'link a laptop by its address',
  openTeamList: 'dial the laptops of a team list',
  removeTeamList: 'stop dialling the laptops of a team list',
  removeAddress: 'stop dialling an address',
  decide: 'change the trust in a laptop',
  continueLate: 'let a laptop in whose certificate is not in time',
  forgetPeer: 'forget a laptop',
  importCertificates: 'import a certificate',
  removeAnchor: 'remove an organisation',
  removePin: 'remove a certificate',
  renewCertificate: 'replace the certificate of this laptop',
  lockKeys: 'change how the keys of this laptop are kept',
  retire: 'retire this laptop for good',
  exportIdentity: 'save the identity of this laptop',
  importIdentity: 'take an identity from a file',
  resetIdentity: 'give this laptop a new identity',
  setPassphrase: 'change the passphrase of this laptop',
  changeSettings: 'change who can find or reach this laptop',
  restoreSnapshot: 'go back to a snapshot of the data of this laptop',
  writeBundle: 'write a bundle',
  takeBundle: 'take what is in a bundle',
  takeReceipt: 'take a receipt for a bundle',
  confirmJournal: 'go on without the damaged part of the trust journal'
}

export async function askPerson(window: BrowserWindow, name: CommandName): Promise<boolean> {
  // Not `true` on Linux, where Electron does not know.
  if (app.accessibilitySupportEnabled !== true) return false
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    title: 'Muster',
    message: `Do you want to ${acts[name] ?? name}?`,
    detail: 'Muster’s window asks for it, and no key or mouse was seen. Did you just choose it there?',
    buttons: ['Yes', 'No'],
    defaultId: 1,
    cancelId: 1,
    noLink: true
  })
  return response === 0
}
