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
    advice:
      'Check the federation name on both. Which others are dealt with is chosen on each side under Trust, Federation.'
  },
  'federation-refused': {
    ref: 'TRU-31',
    message: 'The other side does not deal with our federation.',
    advice: 'Its people choose that under Trust, Federation. Ask them, and check the federation name on both.'
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
  'peer-retired': {
    ref: 'TRU-40',
    message: 'This laptop was taken out of use by its own people.',
    advice: 'That is signed by the laptop itself and final. Set it up anew to use it again: it is another laptop then.'
  },
  'node-retired': {
    ref: 'TRU-41',
    message: 'This laptop was taken out of use.',
    advice: 'Nobody who heard of it links with it again. Start with an empty data folder to use this laptop again.'
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
  'outside-boundary': {
    ref: 'TRU-30',
    message: 'What is allowed for its federation does not cover this.',
    advice: 'Under Trust, Federation, a person chooses what other federations may send and receive.'
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

  'certificate-shared': {
    ref: 'TRU-14',
    message: 'Another laptop already showed this certificate.',
    advice: 'A certificate vouches for one laptop. Ask both crews who owns it, then decide about this one yourself.'
  },
  'certificate-lost': {
    ref: 'TRU-15',
    message: 'It no longer shows the certificate that its trust rests on.',
    advice: 'Nothing is shared until it shows it again, or until a person here decides.'
  },
  'introduction-lost': {
    ref: 'TRU-42',
    message: 'Nobody here vouches for this laptop any more.',
    advice: 'Who introduced it was taken back, or says it no more. Decide about the laptop itself.'
  },
  'anchor-removed': {
    ref: 'TRU-16',
    message: 'The organisation that vouched for this laptop was removed here.',
    advice: 'Decide about the laptop itself, or import the organisation again.'
  },
  'stays-revoked': {
    ref: 'TRU-17',
    message: 'A revoked laptop cannot be forgotten.',
    advice: 'Forgetting would let it ask again. It stays listed, and out.'
  },
  'identity-older': {
    ref: 'TRU-19',
    message: 'It shows an older state of its identity than before.',
    advice: 'Its data folder was restored from a copy. If nobody there knows of that, revoke it: its keys were copied.'
  },
  'federation-withheld': {
    ref: 'TRU-18',
    message: 'It does not say its federation to strangers.',
    advice: 'It says it once its person trusts this laptop; if it is another one, the link is refused then.'
  },

  // Pairing
  'pairing-none': {
    ref: 'PAI-01',
    message: 'There is no pairing with this laptop that waits for this.',
    advice: 'It may have ended meanwhile. Start one, or let the other side start.'
  },
  'pairing-busy': {
    ref: 'PAI-02',
    message: 'A pairing with another laptop is under way here.',
    advice: 'Only one runs at a time. Finish or cancel it first.'
  },
  'pairing-paused': {
    ref: 'PAI-03',
    message: 'Pairing pauses here for ten minutes: three codes in an hour were not confirmed.',
    advice: 'If the codes differed, somebody may stand between the laptops: meet in person, or use a cable.'
  },
  'pairing-no-link': {
    ref: 'PAI-04',
    message: 'The other laptop cannot be reached.',
    advice: 'Check that it is on the same network, or type its address. Or let the other side start.'
  },
  'pairing-old-version': {
    ref: 'PAI-05',
    message: 'The version of Muster on the other laptop cannot compare codes.',
    advice: 'Update it, or compare the recognition words, which are no proof.'
  },
  'pairing-expired': {
    ref: 'PAI-06',
    message: 'The time for this pairing is over: 60 seconds for each step.',
    advice: 'Call the other crew first, then start again. Nothing was decided.'
  },
  'pairing-rejected': {
    ref: 'PAI-07',
    message: 'The request was rejected here.',
    advice: 'Start a pairing from here if it was wanted after all.'
  },
  'pairing-declined': {
    ref: 'PAI-08',
    message: 'Their person rejected the request.',
    advice: 'Call them. They can start from their side.'
  },
  'pairing-cancelled': {
    ref: 'PAI-09',
    message: 'The pairing was cancelled here.',
    advice: 'Nothing was decided. Start again when both are ready.'
  },
  'pairing-they-cancelled': {
    ref: 'PAI-10',
    message: 'Their person cancelled the pairing.',
    advice: 'Nothing was decided. Call them, then start again.'
  },
  'pairing-differ': {
    ref: 'PAI-11',
    message: 'The codes differ: somebody else may be at the other end.',
    advice:
      'Nothing was shared. Read the code once more in a new pairing; then meet in person, or use a cable between the two.'
  },
  'pairing-they-differ': {
    ref: 'PAI-12',
    message: 'Their person says that the codes differ.',
    advice: 'Nothing was shared. If both saw the same, start again; else somebody may stand between the laptops.'
  },
  'pairing-lost': {
    ref: 'PAI-13',
    message: 'The connection ended during the pairing.',
    advice: 'Nothing was decided. Start again; the code will be another one.'
  },
  'pairing-broken': {
    ref: 'PAI-14',
    message: 'The other side broke the rules of pairing: it may have tried to choose the code.',
    advice: 'Nothing was shared. Do not trust it from here; meet in person, or use a cable between the two.'
  },
  'pairing-they-are-busy': {
    ref: 'PAI-15',
    message: 'Too many wait for their person already.',
    advice: 'Try again in a minute, or let them start.'
  },
  'pairing-they-pause': {
    ref: 'PAI-16',
    message: 'Pairing pauses on the other laptop.',
    advice: 'Three codes in an hour were not confirmed there. Try again in ten minutes.'
  },
  'pairing-too-soon': {
    ref: 'PAI-17',
    message: 'Their person was asked less than a minute ago.',
    advice: 'Try again in a minute, or let them start.'
  },
  'picture-unread': {
    ref: 'PAI-18',
    message: 'No code can be read in this picture.',
    advice: 'Take it again: all of the code with its pale edge, sharp, and large. Or type the address.'
  },
  'picture-foreign': {
    ref: 'PAI-19',
    message: 'The code in this picture is not one of Muster.',
    advice: 'Nothing was changed. On the other laptop press “Show as picture” under Peers, Add peer.'
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
    advice: 'Connections are tried again by themselves; of addresses, missions and certificates remove some first.'
  },
  'version-differs': {
    ref: 'LNK-10',
    message: 'The other side speaks no version of the protocol that we know.',
    advice: 'Install the same version of Muster on both.'
  },
  'identity-renewed': {
    ref: 'LNK-13',
    message: 'The certificate or the federation of this laptop changed.',
    advice: 'Connections are made again under the new one.'
  },
  replaced: { ref: 'LNK-11', message: 'A newer connection to this laptop took over.', advice: 'Nothing to do.' },
  'bad-address': {
    ref: 'LNK-12',
    message: 'This is not an address and a port.',
    advice: 'Write an IP address or host name, and a port from 1 to 65535. Usual: 47110.'
  },

  // Settings
  'bad-setting': {
    ref: 'SET-01',
    message: 'A setting cannot have this value.',
    advice: 'Nothing was changed. The detail names the setting.'
  },

  // The desktop application
  'no-sandbox': {
    ref: 'APP-01',
    message: 'Muster was started without the sandbox that keeps its window from the rest of this laptop.',
    advice: 'Install the .deb instead of the AppImage, or allow user namespaces for this program. Nothing was started.'
  },

  'no-hand': {
    ref: 'APP-02',
    message: 'Nobody was seen at this window just now.',
    advice: 'Press the button again, by mouse, finger or key. Nothing was changed.'
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
  'past-closed': {
    ref: 'MIS-31',
    message: 'The mission as it was at that time is not ready.',
    advice: 'Ask for that time again; it is made anew.'
  },
  'bad-change': {
    ref: 'MIS-04',
    message: 'A change is not as the protocol wants it.',
    advice: 'Nothing was written. The detail names the part.'
  },
  'stays-owner': {
    ref: 'MIS-32',
    message: 'An owner stays one as long as it may write.',
    advice: 'Let it only read, if it is not to decide any more.'
  },
  'bad-name': {
    ref: 'MIS-05',
    message: 'The name is empty or too long.',
    advice: 'Use 1 to 64 characters.'
  },
  'not-an-owner': {
    ref: 'MIS-06',
    message: 'Only an owner of this mission can do this.',
    advice: 'Ask an owner; they are listed under People.'
  },
  outranked: {
    ref: 'MIS-07',
    message: 'This is about an owner, or a decision of an owner, that this laptop cannot overrule.',
    advice: 'Ask an owner who stands higher in the list under People.'
  },
  removed: {
    ref: 'MIS-08',
    message: 'This laptop was removed from the mission.',
    advice: 'Only an owner can take it back. What was accepted of it stays.'
  },
  'nothing-to-change': {
    ref: 'MIS-09',
    message: 'It is so already, or there is nothing that this could change.',
    advice: 'Nothing was written. Look at the members again.'
  },
  retired: {
    ref: 'MIS-10',
    message: 'This laptop ended its own part in the mission, and that is final.',
    advice: 'It can take part under a new identity.'
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
    advice: 'Start that version to go on. This one shows what it can read and leaves the folder as it is.'
  },

  'keys-locked': {
    ref: 'DSK-08',
    message: 'The keys of this laptop are locked by the system’s key store, which does not open them.',
    advice:
      'Unlock the key store (log in as the same account, on the desktop) and start Muster again. Nothing was changed.'
  },
  'no-key-store': {
    ref: 'DSK-09',
    message: 'There is no key store here that protects keys.',
    advice:
      'They lie in the data folder, readable by this account only. Set a passphrase in Settings, or encrypt the disk of this laptop.'
  },

  // Keys under a passphrase
  'node-locked': {
    ref: 'KEY-01',
    message: 'This laptop is locked.',
    advice: 'Unlock it with its passphrase. Until then it links with nobody and shows nothing; nothing is lost.'
  },
  'wrong-passphrase': {
    ref: 'KEY-02',
    message: 'This passphrase does not open it.',
    advice:
      'Nothing was changed and nothing is lost. Look at capitals, the keyboard’s language and spaces, then try again.'
  },
  'unlock-too-soon': {
    ref: 'KEY-03',
    message: 'Too many passphrases were wrong.',
    advice: 'Wait as long as the detail says, then try again. Nothing is lost.'
  },
  'passphrase-short': {
    ref: 'KEY-04',
    message: 'This passphrase is too short.',
    advice: 'Take 10 characters or more: five words that do not belong together are easy to keep in mind.'
  },
  'no-passphrase': {
    ref: 'KEY-05',
    message: 'The keys of this laptop are not under a passphrase.',
    advice: 'Set one in Settings under “Keys of this laptop”; then the laptop can be locked.'
  },
  'under-passphrase': {
    ref: 'KEY-06',
    message: 'The keys of this laptop are under a passphrase already.',
    advice: 'Take the passphrase away first; then the key store of the system can wrap them.'
  },
  'passphrase-cost': {
    ref: 'KEY-07',
    message: 'Opening this takes more memory or time than this version of Muster allows.',
    advice: 'It was made by another version, or it is damaged. Open it with the version that made it.'
  },
  'identity-file-damaged': {
    ref: 'KEY-08',
    message: 'This is not a whole identity file.',
    advice: 'Nothing was changed. It may have been cut off or altered on its way: copy it again, or take another copy.'
  },
  'identity-file-newer': {
    ref: 'KEY-09',
    message: 'A newer version of Muster wrote this identity file.',
    advice: 'Nothing was changed. Take it with that version.'
  },
  'identity-in-use': {
    ref: 'KEY-10',
    message: 'This laptop has missions or decisions of its own already.',
    advice:
      'An identity can only be taken in by a laptop on which nothing was done yet. Start Muster with an empty data folder.'
  },
  'not-confirmed': {
    ref: 'KEY-11',
    message: 'The callsign of this laptop was not typed.',
    advice: 'Nothing was changed. Type it exactly as it stands there.'
  },
  'snapshot-damaged': {
    ref: 'DSK-10',
    message: 'This snapshot is not whole any more.',
    advice: 'Nothing was changed. Take another one from the list.'
  },
  'content-full': {
    ref: 'FIL-01',
    message: 'The share of this disk that files may take is used up.',
    advice: 'Allow files more room in Settings, or free space on this disk. Everything else goes on.'
  },
  'content-not-here': {
    ref: 'FIL-02',
    message: 'This file is not on this laptop yet.',
    advice: 'It comes when a laptop that has it is linked. The list of files says who has it.'
  },
  'content-wrong': {
    ref: 'FIL-03',
    message: 'A laptop gave bytes that are not the file.',
    advice: 'Nothing of them is shown. The file is asked for elsewhere; have the disk of that laptop checked.'
  },
  'content-damaged': {
    ref: 'FIL-04',
    message: 'A stored file is not what was stored.',
    advice: 'It was moved to the folder damaged, and is fetched again from whoever has it. Have this disk checked.'
  },
  'no-room-for-snapshot': {
    ref: 'DSK-11',
    message: 'The disk is nearly full, so no snapshots are made.',
    advice: 'Free space on this disk: snapshots go on by themselves. What is written is saved as before.'
  },

  // Bundles
  'not-a-bundle': {
    ref: 'BUN-01',
    message: 'This file is no bundle of Muster.',
    advice: 'Bundles end in .muster-bundle. Look for the right file on the drive.'
  },
  'bundle-newer': {
    ref: 'BUN-13',
    message: 'This bundle was made by a newer version of Muster.',
    advice: 'Update this laptop, or ask its sender for a bundle from an older one.'
  },
  'bundle-damaged': {
    ref: 'BUN-02',
    message: 'This bundle is damaged or was altered.',
    advice: 'Nothing was taken from it. Copy it again, or ask its sender for another one.'
  },
  'bundle-not-for-us': {
    ref: 'BUN-03',
    message: 'This bundle is for other laptops.',
    advice: 'Nothing in it can be read here. Ask its sender for one that names this laptop.'
  },
  'bundle-piece-missing': {
    ref: 'BUN-04',
    message: 'A piece of this bundle is missing.',
    advice: 'Put all its pieces into one folder; the detail names the one that is missing.'
  },
  'bundle-gap': {
    ref: 'BUN-05',
    message: 'This bundle rests on changes that are not here.',
    advice: 'It was made for somebody who holds more. Ask its sender for the whole mission.'
  },
  'bundle-exists': {
    ref: 'BUN-06',
    message: 'A file of this name is there already.',
    advice: 'Choose another name or folder; nothing was written over.'
  },
  'bundle-busy': {
    ref: 'BUN-07',
    message: 'Another bundle is being written or taken.',
    advice: 'Wait until it is done, or cancel it.'
  },
  'bundle-cancelled': {
    ref: 'BUN-08',
    message: 'This was cancelled.',
    advice: 'Nothing was taken, and no finished bundle was written.'
  },
  'bundle-in-the-open': {
    ref: 'BUN-09',
    message: 'This bundle is not encrypted.',
    advice: 'Whoever had the drive could read it. What it says is signed all the same.'
  },
  'no-sealing-key': {
    ref: 'BUN-10',
    message: 'The key to encrypt for this laptop is not known here.',
    advice: 'The two laptops have to be linked once; then bundles can be written for it.'
  },
  'drive-lies': {
    ref: 'BUN-11',
    message: 'The drive gave back something else than was written.',
    advice: 'Do not trust this drive. Write the bundle to another one.'
  },
  'bad-receipt': {
    ref: 'BUN-12',
    message: 'This is no receipt for a bundle, or it was altered.',
    advice: 'Receipts end in .muster-receipt and are saved where a bundle was taken.'
  },

  // Certificates
  'no-certificate': {
    ref: 'CRT-01',
    message: 'There is no certificate in this file.',
    advice: 'Choose a .p12, .pfx, .pem, .crt, .cer or DER file that holds one. Nothing was written.'
  },
  'wrong-password': {
    ref: 'CRT-02',
    message: 'The password does not open this file.',
    advice: 'Its check value does not match this password. Ask who made it; TAK files often use atakatak.'
  },
  'password-needed': {
    ref: 'CRT-03',
    message: 'This file is locked with a password.',
    advice: 'Type the password that came with it.'
  },
  'certificate-damaged': {
    ref: 'CRT-04',
    message: 'This file is damaged or not what its beginning says.',
    advice: 'Copy it again from where it came. Nothing was written.'
  },
  'obsolete-cipher': {
    ref: 'CRT-05',
    message: 'This file is locked with a cipher that is not supported.',
    advice: 'Ask for a file made with AES-256, for example by a current version of OpenSSL.'
  },
  'no-private-key': {
    ref: 'CRT-06',
    message: 'There is no private key beside the certificate.',
    advice: 'To be this laptop’s own it needs its key: a .p12 file, or the .key file chosen together with it.'
  },
  'key-mismatch': {
    ref: 'CRT-07',
    message: 'The private key does not belong to the certificate.',
    advice: 'Choose the key that was made for this certificate.'
  },
  'certificate-expired': {
    ref: 'CRT-08',
    message: 'The certificate has expired.',
    advice: 'Ask who issued it for a new one; if the date looks right, check the clock of this laptop.'
  },
  'certificate-not-yet-valid': {
    ref: 'CRT-09',
    message: 'The certificate is not valid yet.',
    advice: 'Most often the clock of this laptop is wrong. Check date and time.'
  },
  'chain-incomplete': {
    ref: 'CRT-10',
    message: 'The certificate’s issuer is not in the file.',
    advice: 'Others may not be able to tell who issued it. Ask for a file with the whole chain.'
  },
  'wrong-usage': {
    ref: 'CRT-11',
    message: 'The certificate is not meant for this use.',
    advice: 'A laptop’s certificate must be allowed to sign and to be a TLS client and server. Ask its issuer.'
  },
  'unsupported-key': {
    ref: 'CRT-12',
    message: 'The certificate has a kind of key that is not supported.',
    advice: 'Ask for one with a P-256 or P-384 key, or RSA with at least 2048 bits.'
  },
  'not-an-authority': {
    ref: 'CRT-13',
    message: 'This is not the certificate of an authority.',
    advice: 'An organisation is trusted by its CA certificate. This one can be imported for a single laptop.'
  },
  'no-integrity': {
    ref: 'CRT-14',
    message: 'Nothing in this file proves that it is complete and unchanged.',
    advice: 'Ask for a PKCS#12 file with a password and a check value (MAC).'
  },
  'certificate-file-too-large': {
    ref: 'CRT-15',
    message: 'This is too large for a certificate file.',
    advice: 'Certificate files are a few kilobytes; at most 1 MiB and 10 certificates are read.'
  },
  'chain-too-long': {
    ref: 'CRT-16',
    message: 'There are too many certificates in this file.',
    advice: 'At most 10 are read. Ask for a file with this certificate and its chain only.'
  },
  'own-certificate': {
    ref: 'CRT-17',
    message: 'This is this laptop’s own certificate.',
    advice: 'Give it to the others; import theirs here.'
  },
  'already-imported': {
    ref: 'CRT-18',
    message: 'This certificate was imported before.',
    advice: 'Importing it again replaces scope and end.'
  },
  'ends-soon': {
    ref: 'CRT-19',
    message: 'The certificate ends soon.',
    advice: 'Ask its issuer for the next one before it does.'
  },
  'not-issued-by-anchor': {
    ref: 'CRT-20',
    message: 'The certificate does not come from this organisation.',
    advice: 'It stays a stranger’s until a person decides.'
  },
  'export-password': {
    ref: 'CRT-21',
    message: 'This kind of file needs a password.',
    advice: 'Type 1 to 64 characters. TAK devices often use atakatak.'
  },
  'an-authority': {
    ref: 'CRT-23',
    message: 'This certificate issues others: it is an authority’s, not a laptop’s.',
    advice:
      'Ask the crew for the certificate of the laptop itself. Plain openssl makes authorities unless told CA:FALSE.'
  },
  'certificate-revoked': {
    ref: 'CRT-24',
    message: 'The organisation that issued this certificate took it back.',
    advice: 'Its revocation list names it. Ask the organisation why; whoever shows it is not let in by it.'
  },
  'list-unknown': {
    ref: 'CRT-25',
    message: 'No organisation that was accepted here stands behind this revocation list.',
    advice: 'Import the organisation first; the list of a branch needs the branch’s certificate chosen with it.'
  },
  'list-not-signed': {
    ref: 'CRT-26',
    message: 'The signature of this revocation list does not hold.',
    advice: 'It was altered, or is not from whom it says. Copy it again from where it came. Nothing was written.'
  },
  'list-older': {
    ref: 'CRT-27',
    message: 'A newer revocation list of this organisation is already here.',
    advice: 'Nothing to do: the newer one goes on counting.'
  },
  'list-known': { ref: 'CRT-28', message: 'This revocation list is already here.', advice: 'Nothing to do.' },
  'list-unsupported': {
    ref: 'CRT-29',
    message: 'This revocation list speaks for a part of the certificates only, or in a way that is not supported.',
    advice: 'Ask for a complete list (CRL version 2, not a delta and not an indirect one).'
  },
  'list-lost': {
    ref: 'CRT-30',
    message: 'A revocation list that was here is missing or damaged.',
    advice: 'Nobody is let in by its organisation until the same list or a newer one is imported or comes from a peer.'
  },
  'list-outdated': {
    ref: 'CRT-31',
    message: 'The revocation list of this organisation is past its date.',
    advice: 'Certificates that were taken back since are not known here. Ask the organisation for its newest list.'
  },
  'clock-before-release': {
    ref: 'CRT-32',
    message: 'The clock of this laptop shows a time before this version was made.',
    advice: 'Set date and time first: certificates and lists made now would carry a wrong one.'
  },
  'authority-exists': {
    ref: 'CRT-33',
    message: 'This laptop already has an authority of its own.',
    advice: 'Issue with that one. A second one can be made on another laptop.'
  },
  'authority-missing': {
    ref: 'CRT-34',
    message: 'This laptop has no authority of its own.',
    advice: 'Make one under Trust, or go to the laptop that has it.'
  },
  'package-refused': {
    ref: 'CRT-40',
    message: 'This package is not made as an honest program makes one.',
    advice: 'Get it again from where it came, or unpack it and import the certificate files one by one.'
  },
  'package-with-others': {
    ref: 'CRT-41',
    message: 'A package is imported by itself.',
    advice: 'Choose the package alone; what it holds is shown then.'
  },
  'authority-list-needed': {
    ref: 'CRT-42',
    message: 'The newest revocation list of this authority is not here.',
    advice:
      'Choose its file, too, or accept the authority and link a laptop that has the list. Else whoever was taken back would be let in again.'
  },
  'short-password': {
    ref: 'CRT-35',
    message: 'This password is too short for a private key.',
    advice: 'Type 8 to 64 characters.'
  },
  'not-pkcs12': {
    ref: 'CRT-22',
    message: 'This is not a PKCS#12 file, though its name says so.',
    advice: 'Look at where it came from, and copy it again. Nothing was written.'
  },

  // Network
  'port-in-use': {
    ref: 'NET-01',
    message: 'The port is taken by another program.',
    advice: 'Choose another one with --link-port or --api-port, or stop that program.'
  },
  'map-not-readable': {
    ref: 'MAP-01',
    message: 'The map file cannot be read.',
    advice: 'Check that it is still where it was, and that the drive is in. Other maps and the outline go on working.'
  },
  'map-damaged': {
    ref: 'MAP-02',
    message: 'This file is no map that Muster can show.',
    advice:
      'It takes PMTiles version 3 and MBTiles with PNG, JPEG, WebP or vector tiles. Nothing was changed; copy it again.'
  },
  'no-interface': {
    ref: 'NET-03',
    message: 'This laptop is on no network.',
    advice: 'Join a Wi-Fi, plug in a cable, or open a hotspot on one of the laptops.'
  },
  'only-vpn': {
    ref: 'NET-04',
    message: 'Only a VPN or a virtual network is up.',
    advice: 'Laptops nearby are not on it. Join the local Wi-Fi or cable; or switch that interface on if they are.'
  },
  'cannot-send': {
    ref: 'NET-05',
    message: 'The network takes nothing that this laptop sends to find others.',
    advice: 'Check the firewall for UDP port 5353, or type the address of the other laptop.'
  },
  'discovery-port-taken': {
    ref: 'NET-06',
    message: 'Another program keeps UDP port 5353 for itself.',
    advice: 'Stop that program, or type the address of the other laptop. We go on trying.'
  },
  'nothing-heard': {
    ref: 'NET-07',
    message: 'This network most likely keeps laptops apart.',
    advice: 'Put both laptops on a router of your own or on a cable, or type the address of the other one.'
  },
  'found-but-refused': {
    ref: 'NET-08',
    message: 'Laptops are found, but they cannot be reached.',
    advice: 'Most often a firewall there blocks the link port. Allow Muster in it, also on networks marked public.'
  },
  'discovery-off': {
    ref: 'NET-09',
    message: 'This laptop does not look for others.',
    advice: 'It was switched off. Switch it on in Settings, or type the address of the other laptop.'
  },
  'nobody-here': {
    ref: 'NET-10',
    message: 'The network works, but no other Muster is on it.',
    advice: 'Check that Muster runs on the other laptop and that both are on the same network.'
  },
  'no-local-network': {
    ref: 'NET-11',
    message: 'The system does not let Muster use the local network.',
    advice: 'Allow it in the system settings (macOS: Privacy and Security, Local Network), then start Muster again.'
  },
  'source-failed': {
    ref: 'NET-12',
    message: 'One way of finding others has stopped.',
    advice: 'The others go on. Switch it off and on again; the detail has the reason.'
  },
  'dns-failed': {
    ref: 'NET-14',
    message: 'The DNS server that is asked for laptops does not answer as it should.',
    advice:
      'Check its address and the domain in Settings. What it said before counts until its time is over; we go on asking.'
  },
  'team-list-refused': {
    ref: 'NET-13',
    message: 'This team list cannot be read.',
    advice: 'Nothing was changed. The detail names the line and what is wrong there; correct it and open it again.'
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
