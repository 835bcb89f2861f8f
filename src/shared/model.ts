/**
 * What the window knows. These types cross the process boundary (IPC or WebSocket), so they hold plain data only:
 * no keys, no sockets, no functions. Times are milliseconds since 1970 by the clock of the node that says so.
 */
import type { Boundary } from './boundary.js'
import type { ProblemCode } from './problems.js'
import type { Problem } from './result.js'
import type { Scope } from './scope.js'
import type { Settings } from './settings.js'

type Branded<Name extends string> = string & { readonly __brand: Name }

/** SHA-256 of a node's signing key, 64 hexadecimal digits. */
export type NodeId = Branded<'NodeId'>
/** SHA-256 of a mission's signed create record, 64 hexadecimal digits. */
export type MissionId = Branded<'MissionId'>
/** `author.epoch.seq.hash`: the one name of a change; the hash is the first 8 bytes of its chain hash. */
export type ChangeName = Branded<'ChangeName'>

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type Level = 'untrusted' | 'pending' | 'trusted' | 'revoked'

/**
 * What a decision rests on: codes of a pairing compared, recognition words compared, accepted unseen, a program that used
 * the local API, a certificate of this peer imported by hand, an organisation's certificate (anchor) that vouches for it, a
 * signed statement of another node (only `revoked`), or a peer that may introduce others.
 */
export type Ground = 'code' | 'words' | 'unseen' | 'api' | 'certificate' | 'anchor' | 'statement' | 'introduced'

/** Whom a peer may introduce. */
export interface IntroducerRight {
  /** Those it trusts are let in with this scope, within its own, as long as it is trusted itself. Left out: a person is asked. */
  readonly letsIn?: Scope
}

/** A peer's word that its person trusts another one, by a decision of its own. */
export interface IntroductionView {
  /** Who says so. */
  readonly nodeId: NodeId
  readonly callsign: string
  /** When its person decided, by its own clock, and on what ground. */
  readonly since: number
  readonly ground: Ground
  /**
   * `lets-in`: it is trusted here by this word. `suggests`: a person here is asked. `advice`: a person, a certificate or a
   * revocation decided already. `differs`: what the peer shows is not what the introducer knows of it.
   */
  readonly effect: 'lets-in' | 'suggests' | 'advice' | 'differs'
}

/** What two people read to each other: six digits, and three words of a fixed list, never translated. */
export interface PairingCode {
  readonly digits: string
  readonly words: readonly string[]
}

/** The code that was equal on both laptops. */
export interface ComparedCode extends PairingCode {
  readonly at: number
  /** Callsign of the node where the person said so. */
  readonly by: string
}

export type LateCode = 'certificate-expired' | 'certificate-not-yet-valid'

/** A certificate that would let a peer in, were it not for the time. */
export interface LateCertificate {
  readonly code: LateCode
  readonly notBefore: number
  readonly notAfter: number
  /** The certificate accepted here that vouches for it. */
  readonly certificate: { readonly sha256: string; readonly name: string }
}

export interface Decision {
  readonly level: 'trusted' | 'untrusted' | 'revoked'
  readonly at: number
  /** Callsign of the node where the person decided. */
  readonly by: string
  readonly ground: Ground
  readonly scope: Scope
  readonly until?: number
  readonly reason?: string
  /** With the grounds `certificate` and `anchor`: the certificate that was imported. */
  readonly certificate?: { readonly sha256: string; readonly name: string }
  /** With these: a person let the peer's certificate go on counting although it is not in time. */
  readonly late?: LateCode
  /** With the ground `code`; it stays while trust in the same node is decided anew. */
  readonly compared?: ComparedCode
  /** What this peer says about others counts here: whom it revokes is revoked here. */
  readonly mayRevoke?: true
  /** It may introduce others. */
  readonly mayIntroduce?: IntroducerRight
  /** Who vouched for it when this was decided; with the ground `introduced` the one that it rests on. */
  readonly introducedBy?: readonly { readonly nodeId: NodeId; readonly callsign: string }[]
  /** With the ground `statement`: who said it, when by its own clock, and the name of the statement. */
  readonly statement?: { readonly nodeId: NodeId; readonly at: number; readonly name: string }
}

/** A node's signed word that another one is to be shut out, as it is kept here. */
export interface RevocationStatement {
  readonly nodeId: NodeId
  /** Of who said it. */
  readonly callsign: string
  /** By its own clock. */
  readonly at: number
  readonly reason?: string
  /**
   * `advice`: nobody here gave the revoker that right, so it changes nothing. `overridden`: a person here decided otherwise
   * afterwards. `retired`: the node said it of itself, which is final.
   */
  readonly effect: 'advice' | 'counts' | 'overridden' | 'retired'
}

/** A pairing: two people compare a code, and each decides (docs/protocol/pairing.md). */
export interface PairingRun {
  readonly nodeId: NodeId
  /** Begun here; else the other side asked. */
  readonly isOurs: boolean
  /**
   * `reaching`: no link yet. `calling`: their person was asked. `answered`: opened here, their laptop is to show its nonce.
   * `comparing`: the code is shown. `they-agreed`, `agreed`: one side said equal. `done`: decided and saved.
   */
  readonly state: 'reaching' | 'calling' | 'answered' | 'comparing' | 'they-agreed' | 'agreed' | 'done' | 'ended'
  /** End of this step; absent when it is over. */
  readonly until?: number
  readonly code?: PairingCode
  /** What our person gives, once they said equal. */
  readonly scope?: Scope
  /** Why it ended. */
  readonly problem?: Problem
}

export interface PairingRequest {
  readonly nodeId: NodeId
  readonly at: number
  readonly until: number
}

export interface PairingStatus {
  /** The one that runs, or the last one until it is put away. */
  readonly current?: PairingRun
  /** Peers that ask, first come first. */
  readonly requests: readonly PairingRequest[]
  /** Within the last hour: ended when a code could be known, but not confirmed. */
  readonly tries: number
  /** No pairing before this time. */
  readonly pausedUntil?: number
}

export type LinkState =
  | { readonly state: 'down'; readonly since: number; readonly lastHeard?: number; readonly reason?: ProblemCode }
  | { readonly state: 'connecting'; readonly since: number; readonly lastHeard?: number; readonly reason?: ProblemCode }
  | {
      readonly state: 'linked'
      readonly since: number
      readonly lastHeard: number
      readonly address: string
      readonly roundTripMs?: number
      /** Their clock minus ours, judged from the heartbeat; half a round trip exact. */
      readonly clockOffsetMs?: number
    }

export interface Address {
  readonly address: string
  readonly port: number
}

/** One mission as it stands between us and a peer, from digests exchanged over the link. */
export interface StepWith {
  readonly state: 'in-step' | 'differs' | 'unknown'
  /** Changes that we hold and the peer does not, as far as known. */
  readonly theyLack: number
  /** Changes that the peer holds and we do not; a lower bound while its logs are unknown to us. */
  readonly weLack: number
  /** When this was last proved by an answer of the peer. */
  readonly at: number
}

export interface PeerSummary {
  readonly nodeId: NodeId
  /** Its own claim until a decision; empty while it withholds it from strangers. */
  readonly callsign: string
  /** Which laptop of its crew; its own claim, empty when it says none. */
  readonly laptop: string
  /** Its own claim until a decision; the recorded one afterwards; empty while it withholds it from strangers. */
  readonly federation: string
  /** Four recognition words of its node ID: to recognise it, not proof. */
  readonly words: readonly string[]
  readonly level: Level
  readonly theirLevel?: Level
  readonly firstMet: number
  readonly decision?: Decision
  readonly link: LinkState
  readonly addresses: readonly Address[]
  /** How positions go to it now: by sealed datagrams, or by the link since those do not come through. Left out: not known. */
  readonly positions?: 'datagrams' | 'link'
  /** Over all missions shared with it. */
  readonly step: StepWith & { readonly missions: number }
  readonly given: {
    readonly changesOut: number
    readonly changesIn: number
    readonly bytesOut: number
    readonly bytesIn: number
  }
  /** Something about this peer that a person should know, such as one identity in two places. */
  readonly warning?: ProblemCode
  /** It shows a certificate that counts but for its time: a person may let it go on for a while (`continueLate`). */
  readonly late?: LateCertificate
  /** What other nodes said against it; left out: nothing. */
  readonly statements?: readonly RevocationStatement[]
  /** Which peers vouch for it now; left out: none. */
  readonly introductions?: readonly IntroductionView[]
}

/** How it came to what is decided about a peer, and what would change if it were revoked now. */
export interface TrustStory {
  readonly firstMet: number
  /** What was decided, shown and said about it, the newest first, at most 100. */
  readonly entries: readonly AuditEntry[]
  /** Signed against it, by anybody: the newest 100, the oldest first. */
  readonly statements: readonly RevocationStatement[]
  readonly given: PeerSummary['given']
  /** Missions that it may receive now, at most 200. */
  readonly missions: readonly { readonly id: MissionId; readonly name: string }[]
  /** `missions`: that it would receive no more; `cuts`: in which its part would end, by our word as an owner. */
  readonly revoking: { readonly endsLink: boolean; readonly missions: number; readonly cuts: number }
}

/** A trusted peer of another federation, and what a boundary does to it. */
export interface BoundaryEffect {
  readonly nodeId: NodeId
  readonly callsign: string
  readonly federation: string
  /** Whether it may be linked now, and whether it could be then. */
  readonly mayLink: readonly [now: boolean, then: boolean]
  /** Missions of this node that it may receive. */
  readonly missions: readonly [now: number, then: number]
}

/** An address that a person typed, and how reaching it goes. */
export interface Target extends Address {
  readonly state: 'trying' | 'waiting' | 'reached'
  readonly since: number
  readonly attempts: number
  readonly nextTryAt?: number
  readonly reason?: ProblemCode
  readonly nodeId?: NodeId
}

export type Role = 'owner' | 'subscriber' | 'read-only'

export interface Holder extends StepWith {
  readonly nodeId: NodeId
  readonly callsign: string
  readonly linked: boolean
  /** Files here that it is not known to hold whole. */
  readonly lacksFiles: FileAmount
  /** Its newest signed word that it holds what was here then; left out when it gave none. */
  readonly receipt?: ReceiptView
}

export interface FileAmount {
  readonly files: number
  readonly bytes: number
}

/** A peer's signed word that it held all of a mission, kept also while it is away (docs/protocol/receipts.md). */
export interface ReceiptView {
  /** The peer's claim. */
  readonly at: number
  /** When it came, by the own clock. */
  readonly heardAt: number
  /** Nothing changed here since: what it signed for is all that there is now. */
  readonly isWhole: boolean
}

export interface MissionSummary {
  readonly id: MissionId
  readonly name: string
  readonly description: string
  readonly labels: readonly string[]
  readonly onward: 'none' | 'federation' | 'any'
  readonly creator: NodeId
  readonly creatorName: string
  readonly createdAt: number
  /** Own role; without one the mission can be read here but not written. */
  readonly role?: Role
  /** Own rights were taken away: nothing written here from now on counts. */
  readonly isRemoved?: true
  /** What this node deletes is a request, which an owner, or who else may delete, answers. */
  readonly asksToDelete?: true
  readonly members: number
  readonly entries: number
  /** On the map; left out while there are none. */
  readonly items?: number
  readonly conflicts: number
  readonly changes: number
  /** Changes whose author is not a member yet. */
  readonly waiting: number
  readonly lastChangeAt: number
  /** Grows with every change of the folded view: what was queried at another version is out of date. */
  readonly version: number
  readonly digest: string
  /** Changes of ours that no peer is known to hold. */
  readonly onlyHere: number
  /** Files that are here whole and that no trusted peer is known to hold whole; deleted ones do not count. */
  readonly filesOnlyHere: FileAmount
  readonly holders: readonly Holder[]
  /** Grows with what members share beside the log (positions and the like); left out while nobody did. */
  readonly presenceVersion?: number
  /** Grows with what is known here of the mission's files; left out while nothing is. */
  readonly contentVersion?: number
  readonly readOnly?: ProblemCode
}

/** A change that somebody lacks. */
export interface LackedChange {
  readonly name: ChangeName
  /** `set`: a value was written. Others begin a log (`start`) or say who may do what (`admin/…`). */
  readonly kind: string
  readonly entity?: string
  readonly field?: string
  /** The value, if it is not a text as JSON; at most 200 characters of it. */
  readonly text?: string
  readonly author: NodeId
  readonly authorName: string
  /** The author's claim. */
  readonly at: number
}

export interface LackedPage {
  readonly total: number
  readonly offset: number
  readonly items: readonly LackedChange[]
}

/** A mission in what a scope would do. */
export interface ScopedMission {
  readonly id: MissionId
  readonly name: string
  /** Whether whoever has it may give it to others. */
  readonly onward: MissionSummary['onward']
  /** Entries, tasks, items and whatever else it holds. */
  readonly items: number
  /** Changes that the peer is not known to hold; and about how many bytes they are. */
  readonly changes: number
  readonly bytes: number
  /** It is not given to this peer today. */
  readonly isNew: boolean
}

/** What a scope would do if a person said yes to it now. Of each list at most 200; the totals speak of all. */
export interface ScopePreview {
  /** Missions that the peer would receive from us. */
  readonly out: readonly ScopedMission[]
  /** Missions held here that we would take from the peer. */
  readonly in: readonly ScopedMission[]
  /** Given today, and no more then. What was given stays with the peer. */
  readonly ending: readonly ScopedMission[]
  /** Matched, and kept all the same: its creator said that it is not to be passed on. */
  readonly withheld: readonly ScopedMission[]
  readonly totals: {
    readonly out: number
    readonly in: number
    readonly ending: number
    readonly withheld: number
    /** Of the missions that would go out. */
    readonly items: number
    readonly changes: number
    readonly bytes: number
  }
  /** Patterns that also match missions that do not exist yet. */
  readonly futureOut: readonly string[]
  readonly futureIn: readonly string[]
  /** Why nothing would cross all the same. */
  readonly refused?: ProblemCode
}

/** A position, or something else that is true for a moment, as a member of a mission shares it. */
export interface PresenceView {
  readonly source: NodeId
  readonly callsign: string
  /** What it is about, as `position`: one value per source and key. */
  readonly key: string
  readonly value: Json
  /** Wall time at the source: its claim. */
  readonly at: number
  /** How long it counts still. */
  readonly remainingMs: number
  readonly isOwn: boolean
}

export interface NodeStatus {
  readonly nodeId: NodeId
  readonly callsign: string
  readonly federation: string
  /** Which other federations this node deals with. */
  readonly boundary: Boundary
  readonly version: string
  readonly words: readonly string[]
  readonly certificateSha256: string
  /** What peers see as this node's TLS certificate; `isOwn`: made here, not imported. */
  readonly certificate: CertificateFacts & { readonly isOwn: boolean; readonly isRevoked?: true }
  readonly startedAt: number
  /** Absent while nobody can reach this node; `listenProblem` says why. */
  readonly linkPort?: number
  readonly listenProblem?: Problem
  readonly interfaces: readonly { readonly name: string; readonly address: string }[]
  readonly dataFolder: string
  readonly settings: Settings
  /** True while nobody has gone through the first steps and this host wants them shown. */
  readonly isFirstRun: boolean
  readonly keys: KeyProtection
  /** The keys are under a passphrase that nobody has given: nothing is linked, and nothing is shown but this status. */
  readonly isLocked?: true
  /** Why the data folder is only looked at; absent when it is written as usual. */
  readonly readOnly?: ProblemCode
}

/** How this node's private keys lie on the disk. */
export interface KeyProtection {
  /**
   * `file`: readable by this account only. `locked`: wrapped by the system's key store as well. `passphrase`: wrapped under
   * a passphrase, which each start wants.
   */
  readonly state: 'file' | 'locked' | 'passphrase'
  /** Why they cannot be locked here; absent when they can. */
  readonly problem?: Problem
}

/** What a new identity would mean for this laptop. */
export interface ResetPreview {
  readonly missions: number
  /** Missions that nobody else owns: with the keys goes whoever could give roles in them. At most 20 names. */
  readonly ownedAlone: { readonly total: number; readonly names: readonly string[] }
  /** Own changes that nobody whom we trust said to hold. */
  readonly onlyHere: number
  /** Peers that this laptop trusts: they and it decide anew. */
  readonly trusted: number
  /** Whether the identity said already that it is out of use. */
  readonly isRetired: boolean
  /** The certificate came from a file: it goes with its key. */
  readonly hasImportedCertificate: boolean
}

/** The facts of one X.509 certificate, for people. Texts come from the file: untrusted. */
export interface CertificateFacts {
  /** As OpenSSL prints it in RFC 2253 order: `CN=…, O=…`. */
  readonly subject: string
  /** The common name, else the organisation, else the subject. */
  readonly name: string
  readonly issuer: string
  readonly issuerName: string
  /** Hexadecimal. */
  readonly serial: string
  /** SHA-256 of the DER, 64 hexadecimal digits. */
  readonly sha256: string
  readonly notBefore: number
  readonly notAfter: number
  readonly ca: boolean
  /** How many authorities may follow below this one; absent: no limit said. */
  readonly pathLength?: number
  /** `P-256`, `RSA 2048`, … */
  readonly key: string
  /** Names of RFC 5280: `digitalSignature`, `keyCertSign`, …; empty when the certificate does not limit it. */
  readonly usages: readonly string[]
  /** `serverAuth`, `clientAuth`, or an object identifier; empty when the certificate does not limit it. */
  readonly extendedUsages: readonly string[]
  readonly alternativeNames: readonly string[]
  readonly isSelfSigned: boolean
}

/**
 * What imported files can become: this node's own certificate for TLS, a pin for a peer, an organisation's anchor, or
 * revocation lists of organisations that were accepted.
 */
export type ImportAs = 'identity' | 'peer' | 'anchor' | 'list'

/** A revocation list in a file: what an organisation took back. Texts come from the file: untrusted. */
export interface ListPreview {
  readonly name: string
  /** Hexadecimal; absent in lists of the first form. */
  readonly number?: string
  readonly thisUpdate: number
  readonly nextUpdate?: number
  /** Certificates on it. */
  readonly entries: number
  /** Why it is not taken. */
  readonly problem?: Problem
}

/** Reasons for taking a certificate back, as in RFC 5280 5.3.1. */
export type RevokeReason =
  'unspecified' | 'keyCompromise' | 'affiliationChanged' | 'superseded' | 'cessationOfOperation'

/** A certificate that this laptop's own authority issued. */
export interface IssuedSummary {
  /** Hexadecimal. */
  readonly serial: string
  readonly name: string
  readonly use: 'laptop' | 'phone'
  /** The only node that it vouches for. */
  readonly nodeId?: NodeId
  readonly at: number
  readonly notAfter: number
  readonly revoked?: { readonly at: number; readonly reason: RevokeReason }
}

/** This laptop's own authority: a small CA for a team. */
export interface AuthorityView {
  readonly certificate: CertificateFacts
  /** DER, base64: to be given away, and accepted by everybody who is to trust what it issues. */
  readonly data: string
  /** Whether it is accepted as an organisation here; else its lists count nowhere here and are not carried. */
  readonly isAccepted: boolean
  readonly list?: { readonly number: number; readonly thisUpdate: number; readonly nextUpdate: number }
  /** Newest first. */
  readonly issued: readonly IssuedSummary[]
  /** Of one that was taken over: how many certificates are taken back that this laptop did not issue. */
  readonly others?: number
}

/** A request for a certificate in a file (PKCS#10): what it claims. */
export interface RequestPreview {
  readonly name: string
  readonly nodeId?: NodeId
}

/** A revocation list that counts here. */
export interface ListSummary extends Omit<ListPreview, 'problem'> {
  /** When it came to this laptop. */
  readonly at: number
  /** Callsign of the node where a person imported it; absent when `from` brought it. */
  readonly by?: string
  readonly from?: { readonly nodeId: NodeId; readonly callsign: string }
  /** `outdated`: the next one is due; `lost`: its file is missing or damaged, and nobody is let in by its authority. */
  readonly state: 'current' | 'outdated' | 'lost'
}

/** A file of a package (a zip, such as a TAK connection package) that holds certificates or lists. */
export interface PackageMember {
  /** As the package names it: untrusted. */
  readonly name: string
  /** Of the certificate that would be imported; absent of what cannot be read. */
  readonly subject?: string
  /** What it can be imported as; empty: `problem` says why not. */
  readonly as: readonly ImportAs[]
  readonly problem?: Problem
}

export interface CertificatePreview {
  readonly format: 'pem' | 'der' | 'pkcs12'
  /** What it can be imported as, the likeliest first. */
  readonly as: readonly ImportAs[]
  /** Why it cannot be the others. */
  readonly refusals: Readonly<Partial<Record<ImportAs, Problem>>>
  /** The certificate that would be imported first, then those that issued it, as far as the files hold them. */
  readonly certificates: readonly CertificateFacts[]
  readonly lists: readonly ListPreview[]
  readonly hasKey: boolean
  readonly warnings: readonly Problem[]
  /** Peers met since the start whom it would make trusted: as `anchor` those it vouches for, as `peer` who shows it; as `list` whose trust ends. */
  readonly here: Readonly<Partial<Record<ImportAs, readonly NodeId[]>>>
  /** Of a package: its files, and the name of the one that is shown here. */
  readonly package?: { readonly member: string; readonly members: readonly PackageMember[] }
}

/** An organisation's certificate that a person accepted. */
export interface AnchorSummary {
  /** SHA-256 of the certificate. */
  readonly id: string
  readonly certificate: CertificateFacts
  readonly at: number
  /** Callsign of the node where the person accepted it. */
  readonly by: string
  readonly scope: Scope
  readonly until?: number
  /** `ended`: the person's end has come; the others as the certificate says. */
  readonly state: 'active' | 'ended' | 'expired' | 'not-yet-valid' | 'revoked'
  /** Nobody is let in without a revocation list that is not outdated. */
  readonly needsList?: true
  /** Of this authority, of those below it and of who issued it. */
  readonly lists: readonly ListSummary[]
  /** Peers that are trusted on its word now. */
  readonly vouchesFor: readonly NodeId[]
}

/** A peer's certificate that a person accepted before it was met. */
export interface PinSummary {
  /** SHA-256 of the certificate. */
  readonly id: string
  readonly certificate: CertificateFacts
  readonly at: number
  readonly by: string
  readonly scope: Scope
  readonly until?: number
  /** Who showed it first; nobody else is let in by it. */
  readonly nodeId?: NodeId
}

export type InterfaceKind = 'cable' | 'wireless' | 'vpn' | 'virtual' | 'loopback' | 'other'

/** One address of this machine, and what discovery does and hears there. */
export interface NetworkInterface {
  readonly name: string
  /** IPv4, or link-local IPv6 with its zone. */
  readonly address: string
  readonly kind: InterfaceKind
  readonly isOn: boolean
  /** Packets since it was switched on. */
  readonly sent: number
  readonly heard: number
  readonly lastSentAt?: number
  readonly lastHeardAt?: number
  readonly problem?: Problem
}

/**
 * By which way an address became known: heard on this network, asked of a DNS server, read in a list that a person
 * opened.
 */
export type SightingSource = 'mdns' | 'dns-sd' | 'list'

/** How one way of finding others goes. */
export interface SourceStatus {
  readonly source: SightingSource
  /** Since when it looks. */
  readonly since: number
  /** Addresses that it knows now. */
  readonly found: number
  readonly problem?: Problem
}

/** Something that may be a node: an unnamed laptop until its hello. */
export interface NearbyLaptop extends Address {
  readonly instance: string
  /** Who knows of it, the best first; never empty. */
  readonly sources: readonly SightingSource[]
  readonly since: number
  readonly lastHeard: number
  readonly state: 'waiting' | 'greeting' | 'met' | 'failed'
  readonly reason?: ProblemCode
  readonly nodeId?: NodeId
}

/** A node that was met, or that a team list names, or both. */
export interface CatalogueEntry {
  /** Absent: it was never met, and the list does not say. */
  readonly nodeId?: NodeId
  /** Its callsign; of one never met, or that withholds it, the name in the list. */
  readonly name: string
  readonly laptop: string
  readonly federation: string
  readonly tags: readonly string[]
  /** Where it was met, the newest first; then what only the list says. */
  readonly addresses: readonly Address[]
  /** Of the link protocol, when it was met last. */
  readonly linkVersion?: number
  readonly lastHeard?: number
  /** Not linked, and not heard for a while. */
  readonly isStale: boolean
  readonly level?: Level
  readonly isListed: boolean
  /** Missions that the list wants it to pass on, and to whom; nothing enforces it. */
  readonly forwards: readonly { readonly mission: string; readonly to: readonly string[] }[]
}

/** One question that was looked into, with the facts of its answer. */
export interface NetworkCheck {
  readonly check: 'interface' | 'vpn' | 'send' | 'hear' | 'reach' | 'listen' | 'firewall'
  readonly outcome: 'good' | 'bad' | 'caution' | 'unknown'
  readonly facts: Readonly<Record<string, string | number>>
}

export interface NetworkStatus {
  /** Whether this node looks for others and lets itself be found. */
  readonly isLooking: boolean
  readonly lookingSince?: number
  readonly interfaces: readonly NetworkInterface[]
  /** Every way of finding others that is on. */
  readonly sources: readonly SourceStatus[]
  readonly nearby: readonly NearbyLaptop[]
  readonly checks: readonly NetworkCheck[]
  /** Why nobody is found, once that can be said; absent when somebody is. */
  readonly finding?: Problem
}

/** What limits this node now; an empty list means that nothing does. */
export interface Health {
  readonly problems: readonly (Problem & { readonly since: number })[]
}

export interface FieldValue {
  readonly name: ChangeName
  readonly value: Json
  readonly author: NodeId
  readonly authorName: string
  /** The author's claim. */
  readonly at: number
  /** When it came to this laptop, within a minute; only in answers that say so, and absent when it is not known. */
  readonly receivedAt?: number
}

/** A multi-value register: more than one value is a conflict, which a person settles by a new write. */
export interface FieldView {
  readonly field: string
  readonly values: readonly FieldValue[]
}

export interface EntityView {
  readonly entity: string
  readonly createdAt: number
  readonly createdBy: NodeId
  readonly createdByName: string
  readonly deleted: boolean
  readonly fields: readonly FieldView[]
}

export interface Member {
  readonly nodeId: NodeId
  readonly name: string
  readonly role: Role
  readonly admittedBy?: NodeId
  readonly admittedByName?: string
  readonly changes: number
  /** Of owners: who has a smaller number overrules who has a larger one. */
  readonly rank?: number
  /** What it deletes is a request. */
  readonly asksToDelete?: true
  /** Rights were taken away: nothing that it writes from now on counts. It can still read. */
  readonly removedBy?: readonly { readonly nodeId: NodeId; readonly name: string }[]
  /** Changes of it that are held here and do not count. */
  readonly beyond?: number
}

/** A change that is held here and does not count, because its author had no right to write it any more. */
export interface BeyondLine {
  readonly name: ChangeName
  /** The author's claim. */
  readonly at: number
  readonly kind: string
  /** Of kind `set`: what was written. */
  readonly set?: { readonly entity: string; readonly field: string; readonly value: Json }
}

export interface BeyondPage {
  readonly total: number
  readonly lines: readonly BeyondLine[]
}

/** An entity that was deleted, or that somebody asks to delete, with who did; of several, the newest claim. */
export interface DeletedEntity {
  readonly entity: EntityView
  readonly at: number
  readonly by: NodeId
  readonly byName: string
}

export interface DeletedPage {
  readonly version: number
  readonly total: number
  readonly items: readonly DeletedEntity[]
}

export interface MissionView extends MissionSummary {
  readonly entity: EntityView
  readonly memberList: readonly Member[]
  /** Kinds of change that this version keeps and passes on, but does not understand. */
  readonly unknownKinds: readonly { readonly kind: string; readonly count: number }[]
}

export interface ConflictView {
  readonly entity: string
  readonly createdAt: number
  /** The entity's own title or name, where it has one. */
  readonly title?: string
  /** Values with `receivedAt`. */
  readonly field: FieldView
  /** What was there before, as far as all of the values replaced it. */
  readonly before?: FieldValue
}

export interface ConflictPage {
  readonly version: number
  readonly total: number
  readonly offset: number
  readonly items: readonly ConflictView[]
}

/** An entity that is deleted, and what was written in it by somebody who did not know of the deletion. */
export interface DeletedEditView {
  readonly entity: string
  readonly title?: string
  /** The deletion; a new write that names these brings the entity back. */
  readonly deletions: readonly FieldValue[]
  readonly edits: readonly FieldView[]
}

/** How TAK's data sync names a change: the type of its MissionChange, and the CoT type that announces it. */
export interface TakName {
  readonly type?: 'CREATE_MISSION' | 'DELETE_MISSION' | 'ADD_CONTENT' | 'REMOVE_CONTENT'
  readonly announcement?: string
}

export type HistoryChange =
  | {
      readonly kind: 'set'
      readonly entity: string
      /** When the entity was made, by the earliest claim. */
      readonly createdAt: number
      /** Its title or name now, where it has one. */
      readonly title?: string
      readonly field: string
      readonly value: Json
      /** Names of the values that its author saw and replaced. */
      readonly replaces: readonly ChangeName[]
      /** It made the entity. */
      readonly isFirst: boolean
      /** Nothing has replaced it. */
      readonly isCurrent: boolean
    }
  | { readonly kind: 'admit'; readonly nodeId: NodeId; readonly name: string; readonly role: Role }
  | { readonly kind: 'cut' | 'adopt' | 'settle'; readonly nodeId: NodeId; readonly name: string }
  /** A kind that means nothing to this version. */
  | { readonly kind: 'other'; readonly what: string }

export interface HistoryEntry {
  readonly name: ChangeName
  /** Node ID of the laptop where it was written. */
  readonly author: NodeId
  readonly authorName: string
  /** The author's claim. */
  readonly at: number
  /** When it came to this laptop, within a minute; absent when it is not known. */
  readonly receivedAt?: number
  readonly change: HistoryChange
  readonly tak: TakName
}

export interface HistoryPage {
  /** In the order in which they came to this laptop, newest first. */
  readonly entries: readonly HistoryEntry[]
  /** Where to go on; absent: there is nothing older. A page may be short, or empty, and still have one. */
  readonly next?: string
  /** Share of the journal that was looked through so far, 0 to 1. */
  readonly searched: number
}

/** What "as it was" rests on: what this laptop had received by then, or, where that is not known, its authors' claims. */
export type PastBasis = 'received' | 'claimed'

export type PastView =
  | { readonly state: 'reading'; readonly at: number; readonly read: number; readonly total: number }
  | {
      readonly state: 'ready'
      readonly at: number
      readonly basis: PastBasis
      readonly name: string
      /** Entities that were not deleted, by type. */
      readonly counts: Readonly<Record<string, number>>
      readonly conflicts: number
      readonly changes: number
      /** Changes of today that are not in it. */
      readonly laterChanges: number
    }

/** One entity that was found: the text that matches, and where. */
export interface SearchHit {
  readonly entity: string
  readonly field: string
  /** A part of the text, around the first match. */
  readonly text: string
  /** Matches in it: from and to, in UTF-16 units. */
  readonly marks: readonly (readonly [from: number, to: number])[]
  /** The entity's own title or name, where that is another text. */
  readonly title?: string
  readonly author: NodeId
  readonly authorName: string
  readonly at: number
}

export interface SearchGroup {
  readonly missionId: MissionId
  readonly name: string
  readonly total: number
  readonly hits: readonly SearchHit[]
}

export interface SearchAnswer {
  /** Missions with hits, the last changed first. */
  readonly groups: readonly SearchGroup[]
  /** Share of all texts that could be searched by now, 0 to 1: asked again, it grows. */
  readonly searched: number
}

export interface EntityPage {
  readonly version: number
  readonly total: number
  readonly offset: number
  readonly items: readonly EntityView[]
}

/** Tasks in the order in which people see them (`task-order.ts`). */
export interface TaskPage extends EntityPage {
  /** Not done, of all. */
  readonly open: number
}

/** A log that its author continued in two ways. */
export interface Fork {
  readonly author: NodeId
  /** 32 hexadecimal digits. */
  readonly epoch: string
  /** Number of the first line of which there are two. */
  readonly first: number
  /** Where each branch ends, as far as it is known here; hash is the chain hash there, hex. */
  readonly branches: readonly { readonly seq: number; readonly hash: string }[]
  /** The word of an owner that counts now. */
  readonly settled?: { readonly seq: number; readonly hash: string }
}

/** An item of a mission as a map needs it. Places are `[lat, lon]` in degrees (WGS 84). */
export interface MapItem {
  readonly uid: string
  /** CoT type; empty when nobody wrote one. */
  readonly type: string
  readonly title: string
  readonly point?: readonly [lat: number, lon: number]
  readonly points?: readonly (readonly [lat: number, lon: number])[]
  /** With `points`: an area. */
  readonly closed?: true
  readonly color?: string
  readonly stale?: number
  /** Uid of a layer. */
  readonly layer?: string
  /** A field that the map shows has more than one value; the newest claim is shown. */
  readonly conflict?: true
  /** Callsign of who made it. */
  readonly by: string
  /** The newest claim of a time among what is shown. */
  readonly at: number
}

export interface MapItemPage {
  /** For the next question about the same box and text. */
  readonly cursor: string
  /** False: `items` and `gone` are what changed since the cursor that was given. */
  readonly isWhole: boolean
  readonly items: readonly MapItem[]
  /** Uids of what is deleted, or not in the box any more. */
  readonly gone: readonly string[]
  /** Found, and left out of a whole answer because it would be too large: the oldest. */
  readonly more: number
  readonly found: number
  /** In the mission, wherever they are. */
  readonly total: number
  /** Still being read: ask again. */
  readonly left: number
}

/** A map that a person opened from a file on this machine. */
export interface MapFileSummary {
  readonly id: string
  readonly path: string
  readonly kind: 'pmtiles' | 'mbtiles'
  readonly name: string
  /** Plain text. */
  readonly attribution: string
  readonly bounds: readonly [west: number, south: number, east: number, north: number]
  readonly minZoom: number
  readonly maxZoom: number
  /** What a tile is: a picture, or Mapbox Vector Tile. */
  readonly tiles: 'raster' | 'vector'
  /** Names of the layers in vector tiles, as far as the file says. */
  readonly layers: readonly string[]
  readonly bytes: number
}

/**
 * How a file of a mission stands on this laptop: `here`; `coming` now; `waiting` for its turn, or for a laptop that said
 * it has it; `large`: it comes when a person asks; `nobody`: no laptop that is linked said that it has it; `stuck`: it
 * would come, but for a problem here.
 */
export interface ContentView {
  readonly entity: EntityView
  /** SHA-256, 64 hexadecimal digits. */
  readonly file: string
  readonly state: 'here' | 'coming' | 'waiting' | 'large' | 'nobody' | 'stuck'
  /** In bytes: of the file here, else as peers or its author say; absent when nobody says. */
  readonly size?: number
  /** A person asked for it. */
  readonly isWanted: boolean
  /** Of it on this disk. */
  readonly bytes: number
  readonly bytesPerSecond?: number
  /** Laptops that give it now. */
  readonly sources: number
  readonly problem?: ProblemCode
  /** Who said that it has it whole; of those that are away, as of their last word. */
  readonly holders: readonly { readonly nodeId: NodeId; readonly callsign: string; readonly linked: boolean }[]
}

export interface ContentPage {
  readonly version: number
  readonly total: number
  readonly offset: number
  readonly items: readonly ContentView[]
}

/** What of a file can be shown: a picture whole, in base64, or the beginning of a text. */
export type ContentPreview =
  | { readonly kind: 'picture'; readonly mime: string; readonly data: string }
  | { readonly kind: 'text'; readonly text: string; readonly isWhole: boolean }
  | { readonly kind: 'none'; readonly reason: 'large' | 'other' }

export interface WriteRequest {
  readonly entity: string
  readonly field: string
  readonly value: Json
  /** Names of the values it replaces; left out: what is current now. */
  readonly seen?: readonly ChangeName[]
}

export interface AuditEntry {
  readonly seq: number
  readonly at: number
  readonly kind: string
  readonly nodeId?: NodeId
  readonly callsign?: string
  readonly code?: ProblemCode
  readonly text?: string
  /** Callsign of the node where a person did it, where that is not in the decision. */
  readonly by?: string
  readonly decision?: Decision
}

export interface AuditPage {
  readonly total: number
  readonly items: readonly AuditEntry[]
}

/** Why a snapshot of the data folder was made; `asked`: a person or a program wished it. */
export type SnapshotKind = 'hourly' | 'daily' | 'migration' | 'import' | 'restore' | 'asked'

export interface SnapshotSummary {
  /** `000017-hourly`: numbered, as the clock may be wrong. */
  readonly name: string
  readonly kind: SnapshotKind
  /** Wall time of this laptop. */
  readonly at: number
  /** Of all files in it; snapshots share what did not change between them. */
  readonly bytes: number
  readonly missions: number
}

/** The overview feed's snapshot: everything that is always on screen, small enough to cross whole. */
export interface Overview {
  readonly node: NodeStatus
  readonly network: NetworkStatus
  readonly health: Health
  readonly anchors: readonly AnchorSummary[]
  readonly pins: readonly PinSummary[]
  /** Entries in the audit log. */
  readonly auditTotal: number
  readonly peers: readonly PeerSummary[]
  readonly targets: readonly Target[]
  readonly pairing: PairingStatus
  readonly missions: readonly MissionSummary[]
}

/** What a bundle is and would bring here; nothing was written. */
export interface BundlePreview {
  readonly id: string
  /** By its sender's clock. */
  readonly at: number
  readonly sender: { readonly nodeId: NodeId; readonly callsign: string; readonly isKnown: boolean }
  /** Empty in the open: for everybody. */
  readonly audience: readonly NodeId[]
  readonly isSealed: boolean
  readonly bytes: number
  readonly missions: readonly BundleMission[]
  readonly warnings: readonly Problem[]
  /** It was taken before. */
  readonly takenAt?: number
  /**
   * What it says about laptops that were taken back, as far as it is news: how many laptops, how many of them are shut out here by it,
   * and revocation lists that count here. Left out: nothing. Taken also where no mission is.
   */
  readonly revocations?: { readonly laptops: number; readonly shutOut: number; readonly lists: number }
}

export interface BundleMission {
  readonly id: MissionId
  readonly name: string
  /** There is no such mission here. */
  readonly isNew: boolean
  readonly changes: number
  /** Of those, not here. */
  readonly newChanges: number
  readonly files: number
  readonly fileBytes: number
  readonly newFiles: number
  /** Files of the mission that are not in the bundle. */
  readonly leftOut: number
  /** It rests on changes that are not here. */
  readonly hasGap: boolean
  /** Why it is not taken. */
  readonly refused?: Problem
}

/** What a bundle would hold of one mission. */
export interface BundleEstimate {
  readonly id: MissionId
  readonly changes: number
  readonly files: number
  /** Before packing: a bundle is hardly ever larger. */
  readonly bytes: number
  /** Why it may not go to these nodes. */
  readonly refused?: ProblemCode
}

/** A bundle that is on the drive, was read again and is what it should be. */
export interface BundleWritten {
  readonly id: string
  readonly files: readonly { readonly name: string; readonly size: number }[]
  readonly bytes: number
  readonly missions: number
  readonly changes: number
  readonly contents: number
  /** Files of the missions that are not in it. */
  readonly leftOut: number
  readonly at: number
}

export interface BundleTaken {
  readonly id: string
  readonly from: NodeId
  readonly missions: readonly MissionId[]
  readonly newMissions: number
  /** That were not here. */
  readonly changes: number
  /** Not taken: their authors are no members, or were removed. */
  readonly waiting: number
  readonly files: number
  /** Missions that the decision about the sender does not cover. */
  readonly refused: number
  /** Statements of revocation and revocation lists that were not here. */
  readonly revocations: { readonly statements: number; readonly lists: number }
  /** For the sender: a file, base64. */
  readonly receipt: { readonly fileName: string; readonly data: string }
}

/** What is under way with a bundle. */
export interface BundleProgress {
  readonly kind: 'write' | 'take'
  readonly step: 'writing' | 'checking' | 'applying'
  readonly done: number
  readonly total: number
}
