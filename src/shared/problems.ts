/**
 * Every problem that a person or a program can meet, once: code (stable, for programs), ref (stable, for radio), what
 * happened, and what to do. Add, but never rename: scripts rest on the codes, people on the refs.
 */
interface ProblemText {
  readonly ref: string
  readonly message: string
  readonly advice: string
}

const table = {
  // Requests
  'bad-request': {
    ref: 'REQ-01',
    message: 'The request is not understood.',
    advice: 'Compare it with docs/api.md; the detail names the field.'
  },
  'not-found': {
    ref: 'REQ-02',
    message: 'There is nothing by this name here.',
    advice: 'Look at the list it came from again.'
  },
  'not-yet': {
    ref: 'REQ-03',
    message: 'This version cannot do this yet.',
    advice: 'Nothing was changed. A newer version of Muster may.'
  },
  unauthorized: {
    ref: 'REQ-04',
    message: 'The token is missing or not the one of this start.',
    advice: 'Read api-token in the data folder again; it changes at each start.'
  },
  'too-large': {
    ref: 'REQ-05',
    message: 'This is larger than the protocol allows.',
    advice: 'One change is at most 64 KiB. Put large values into a file, or write them in parts.'
  },
  stopping: { ref: 'REQ-06', message: 'Muster is stopping.', advice: 'Start it again; what was saved is kept.' },
  internal: {
    ref: 'REQ-07',
    message: 'Muster made a mistake of its own.',
    advice: 'What was saved is kept. The log has the details; report them with this code.'
  },
  'foreign-page': {
    ref: 'REQ-08',
    message: 'This came from a page or by a name that is not Muster’s own.',
    advice: 'Use 127.0.0.1 or localhost with the port that Muster printed; other pages have no access.'
  },
  'engine-lost': {
    ref: 'REQ-09',
    message: 'The window has no connection to its engine.',
    advice: 'What was saved is kept. Wait until the window says that it is connected, then try again.'
  },

  // Trust
  'peer-untrusted': {
    ref: 'TRU-01',
    message: 'Nobody here has decided to trust this laptop.',
    advice: 'Open it under Peers and decide.'
  },
  'peer-waits': {
    ref: 'TRU-02',
    message: 'Their person has not decided about this laptop.',
    advice: 'Call them: both sides have to decide.'
  },
  'federation-differs': {
    ref: 'TRU-03',
    message: 'This laptop belongs to another federation.',
    advice: 'In strict mode only laptops of the own federation are linked. Check the federation name on both.'
  },
  'federation-changed': {
    ref: 'TRU-04',
    message: 'This laptop now claims another federation than at the decision.',
    advice: 'Ask its people why, then decide anew.'
  },
  'peer-revoked': {
    ref: 'TRU-05',
    message: 'This laptop was revoked here.',
    advice: 'It stays out until a person here decides to trust it again.'
  },
  'trust-ended': {
    ref: 'TRU-06',
    message: 'The decision about this laptop has ended.',
    advice: 'Decide again if it is still wanted.'
  },
  'own-identity': {
    ref: 'TRU-08',
    message: 'This is this laptop itself.',
    advice: 'Type the address of another laptop. If a copy of this data folder runs elsewhere, stop one of them.'
  },
  'two-places': {
    ref: 'TRU-09',
    message: 'One identity answers from two places.',
    advice: 'A data folder was copied. Stop one of the two laptops, or give it an identity of its own.'
  },
  'outside-scope': {
    ref: 'TRU-10',
    message: 'The decision about this laptop does not cover this mission.',
    advice: 'Change what is shared with it under Peers.'
  },
  'journal-damaged': {
    ref: 'TRU-11',
    message: 'The journal of trust decisions is damaged or missing.',
    advice: 'Nobody is linked until a person confirms: revocations may be lost. Look at Trust.'
  },
  'bad-until': {
    ref: 'TRU-12',
    message: 'This decision cannot end then.',
    advice: 'Only trust can end, and later than now.'
  },
  'bad-scope': {
    ref: 'TRU-13',
    message: 'The scope is not understood.',
    advice: 'A scope names mission patterns out and in, and read or write; see docs/api.md.'
  },

  // Links
  'no-answer': {
    ref: 'LNK-01',
    message: 'Nobody answers at this address.',
    advice: 'Check address and port, and that Muster runs there. We go on trying.'
  },
  refused: {
    ref: 'LNK-02',
    message: 'The laptop at this address refuses the connection.',
    advice: 'Muster may not be running there, or a firewall blocks the port. We go on trying.'
  },
  'not-muster': {
    ref: 'LNK-03',
    message: 'What answers at this address does not speak our protocol.',
    advice: 'Check the port: it is shown on the other laptop under Peers.'
  },
  'peer-silent': {
    ref: 'LNK-04',
    message: 'Nothing heard for two heartbeats.',
    advice: 'We go on trying; nothing is lost.'
  },
  'link-lost': { ref: 'LNK-05', message: 'The connection ended.', advice: 'We go on trying; nothing is lost.' },
  'hello-failed': {
    ref: 'LNK-06',
    message: 'The other side could not prove who it is.',
    advice: 'Nothing was shared. If this repeats, somebody may stand between the two laptops.'
  },
  'protocol-error': {
    ref: 'LNK-07',
    message: 'The other side broke the rules of the protocol.',
    advice: 'The link was cut; the detail says which rule. Check that both run the same version.'
  },
  'bad-run': {
    ref: 'LNK-08',
    message: 'The other side sent changes that do not verify.',
    advice: 'They were dropped and the link was cut. Nothing here is changed.'
  },
  'too-many': {
    ref: 'LNK-09',
    message: 'There are too many of them already.',
    advice: 'Connections are tried again by themselves; of addresses and missions remove some first.'
  },
  'version-differs': {
    ref: 'LNK-10',
    message: 'The other side speaks no version of the protocol that we know.',
    advice: 'Install the same version of Muster on both.'
  },
  replaced: { ref: 'LNK-11', message: 'A newer connection to this laptop took over.', advice: 'Nothing to do.' },
  'bad-address': {
    ref: 'LNK-12',
    message: 'This is not an address and a port.',
    advice: 'Write an IP address or host name, and a port from 1 to 65535. Usual: 47110.'
  },

  // Missions
  'mission-unknown': {
    ref: 'MIS-01',
    message: 'There is no such mission here.',
    advice: 'It may not have arrived yet, or it is not shared with this laptop.'
  },
  'not-a-member': {
    ref: 'MIS-02',
    message: 'This laptop may read this mission but not write in it.',
    advice: 'Ask a member to give this laptop write access.'
  },
  'mission-read-only': {
    ref: 'MIS-03',
    message: 'This mission was changed by a newer version of Muster.',
    advice: 'It can be read here. Install the newer version to write in it.'
  },
  'bad-change': {
    ref: 'MIS-04',
    message: 'A change is not as the protocol wants it.',
    advice: 'Nothing was written. The detail names the part.'
  },
  'bad-name': {
    ref: 'MIS-05',
    message: 'The name is empty or too long.',
    advice: 'Use 1 to 64 characters.'
  },
  conflict: {
    ref: 'MIS-11',
    message: 'Two people changed this while neither had the other’s change.',
    advice: 'Both are kept. Open it and settle it.'
  },

  // Disk
  'disk-full': {
    ref: 'DSK-01',
    message: 'The disk is full. Nothing new is saved.',
    advice: 'Free space on this disk. What was saved is kept.'
  },
  'disk-read-only': {
    ref: 'DSK-02',
    message: 'The data folder cannot be written.',
    advice: 'Check the rights of the folder, or choose another one with --data.'
  },
  'disk-failed': {
    ref: 'DSK-03',
    message: 'The disk reported an error. Nothing new is saved there.',
    advice: 'Copy the data folder to another disk soon. What was saved before is kept as far as the disk reads.'
  },
  'folder-in-use': {
    ref: 'DSK-04',
    message: 'Another Muster already uses this data folder.',
    advice: 'Use its window, stop it, or start with another folder.'
  },
  'file-damaged': {
    ref: 'DSK-05',
    message: 'A file in the data folder is damaged.',
    advice: 'It was moved aside into the folder damaged; nothing was thrown away. Peers give back what they hold.'
  },
  'identity-damaged': {
    ref: 'DSK-06',
    message: 'The identity of this laptop cannot be read.',
    advice:
      'Muster does not start with another one by itself. Put a copy of identity.json back, or start with an empty folder.'
  },
  'newer-data': {
    ref: 'DSK-07',
    message: 'A newer version of Muster wrote this data folder.',
    advice: 'Start that version; this one leaves the folder as it is.'
  },

  // Network
  'port-in-use': {
    ref: 'NET-01',
    message: 'The port is taken by another program.',
    advice: 'Choose another one with --link-port or --api-port, or stop that program.'
  },
  'cannot-listen': {
    ref: 'NET-02',
    message: 'Muster cannot listen on the network.',
    advice: 'Others cannot reach this laptop, but it can reach them. The detail has the reason.'
  }
} as const satisfies Record<string, ProblemText>

export type ProblemCode = keyof typeof table
export const problems: Readonly<Record<ProblemCode, ProblemText>> = table

export function isProblemCode(text: unknown): text is ProblemCode {
  return typeof text === 'string' && Object.hasOwn(table, text)
}
