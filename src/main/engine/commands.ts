/** Commands of the window and the local API: every argument from outside is parsed here, and nowhere trusted before. */
import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import type { ArgumentOf, AnswerOf, CommandHandlers, CommandName } from '@shared/contract.js'
import type { ChangeName, Json } from '@shared/model.js'
import { fail, type Result } from '@shared/result.js'
import { isLineValue } from './bytes/line.js'
import { isHex } from './bytes/hash.js'
import { HashSchema, MissionIdSchema, NodeIdSchema } from './bytes/ids.js'
import { bounds, limits } from './limits.js'
import { isChangeName } from './logs/run.js'
import { isEntity, isField } from './missions/change.js'
import { isHistoryCursor } from './missions/history.js'
import { SettingsSchema } from './settings.js'
import { transferBytesMost } from './identity/identity-transfer.js'
import { passphraseMost } from './identity/passphrase.js'
import { BoundarySchema, ScopeSchema } from './trust/journal-lines.js'

const AddressSchema = v.strictObject({
  address: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(253), v.regex(/^[\p{L}\p{N}.:_%-]+$/u)),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535))
})
/** Whole, so that it means the same in every process. */
const PathSchema = v.pipe(
  v.string(),
  v.maxLength(4096),
  v.check((path) => isAbsolute(path) && !path.includes('\0'), 'a path from the root of the disk')
)
const Offset = v.pipe(v.number(), v.integer(), v.minValue(0))
const Limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200))
/** Milliseconds since 1970. */
const Time = v.pipe(v.number(), v.safeInteger())
const Text = (most: number) =>
  v.pipe(
    v.string(),
    v.check((text) => text.isWellFormed() && [...text].length <= most, `at most ${String(most)} characters`)
  )
const Degrees = (most: number) => v.pipe(v.number(), v.minValue(-most), v.maxValue(most))
const JsonSchema = v.custom<Json>((value) => value !== undefined, 'any JSON')

/** What the files hold is read by certificates/; here only their size is bounded. */
const certificateFiles = {
  files: v.pipe(
    v.custom<string[]>(
      (value) =>
        Array.isArray(value) &&
        value.length >= 1 &&
        value.length <= 10 &&
        value.every((file) => typeof file === 'string' && file.length <= 4 * 1024 * 1024 && isBase64(file)),
      '1 to 10 files in base64'
    )
  ),
  password: v.optional(Text(1024)),
  member: v.optional(Text(1024))
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

const Nodes = v.pipe(v.array(NodeIdSchema), v.maxLength(limits.introductions))
const Introduced = v.strictObject({ keep: v.optional(Nodes), takeBack: v.optional(Nodes) })

/** As X.509 takes it for a common name. */
const CertificateName = v.pipe(Text(64), v.trim(), v.minLength(1))
const Days = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7300))
const RequestFile = v.pipe(v.string(), v.maxLength(100_000), v.check(isBase64, 'base64'))

const Passphrase = Text(passphraseMost)

/** More than this in one request is not a person's doing, and a program can send several. */
const changesMost = 10_000

const ChangesSchema = v.pipe(
  // Counted before each is looked at.
  v.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length <= changesMost,
    `at most ${String(changesMost)} changes`
  ),
  v.array(
    v.strictObject({
      entity: v.string(),
      field: v.string(),
      value: JsonSchema,
      seen: v.optional(v.array(v.custom<ChangeName>(isChangeName, 'the name of a change')))
    })
  )
)

const schemas = {
  addPeer: AddressSchema,
  removeAddress: AddressSchema,
  tryNow: v.strictObject({ nodeId: v.optional(NodeIdSchema) }),
  decide: v.strictObject({
    nodeId: NodeIdSchema,
    level: v.picklist(['trusted', 'untrusted', 'revoked']),
    scope: v.optional(ScopeSchema),
    until: v.optional(v.pipe(v.number(), v.safeInteger())),
    reason: v.optional(Text(limits.reasonLength)),
    ground: v.optional(v.picklist(['words', 'unseen', 'api'])),
    keepsChanges: v.optional(v.literal(true)),
    mayRevoke: v.optional(v.literal(true)),
    mayIntroduce: v.optional(v.strictObject({ letsIn: v.optional(ScopeSchema) })),
    introduced: v.optional(Introduced)
  }),
  trustStory: v.strictObject({ nodeId: NodeIdSchema }),
  retire: v.strictObject({ reason: v.optional(Text(limits.reasonLength)) }),
  startPairing: v.strictObject({ nodeId: NodeIdSchema }),
  openPairing: v.strictObject({ nodeId: NodeIdSchema }),
  answerPairing: v.strictObject({
    nodeId: NodeIdSchema,
    equal: v.boolean(),
    scope: v.optional(ScopeSchema),
    until: v.optional(v.pipe(v.number(), v.safeInteger()))
  }),
  cancelPairing: v.strictObject({ nodeId: NodeIdSchema }),
  continueLate: v.strictObject({ nodeId: NodeIdSchema, until: v.pipe(v.number(), v.safeInteger()) }),
  forgetPeer: v.strictObject({ nodeId: NodeIdSchema, introduced: v.optional(Introduced) }),
  previewCertificates: v.strictObject(certificateFiles),
  importCertificates: v.strictObject({
    ...certificateFiles,
    as: v.picklist(['identity', 'peer', 'anchor', 'list']),
    scope: v.optional(ScopeSchema),
    until: v.optional(v.pipe(v.number(), v.safeInteger())),
    needsList: v.optional(v.boolean())
  }),
  viewAuthority: v.null(),
  makeAuthority: v.strictObject({ name: CertificateName, days: Days }),
  takeAuthority: v.strictObject({
    files: certificateFiles.files,
    password: certificateFiles.password,
    isFirst: v.optional(v.boolean())
  }),
  previewRequest: v.strictObject({ data: RequestFile }),
  issueCertificate: v.variant('to', [
    v.strictObject({ to: v.literal('laptop'), name: CertificateName, days: Days, nodeId: NodeIdSchema }),
    v.strictObject({ to: v.literal('request'), name: CertificateName, days: Days, data: RequestFile }),
    v.strictObject({
      to: v.literal('phone'),
      name: CertificateName,
      days: Days,
      format: v.picklist(['p12', 'p12-old']),
      password: Text(64)
    })
  ]),
  revokeIssued: v.strictObject({
    serial: v.pipe(v.string(), v.regex(/^[0-9a-f]{2,40}$/)),
    reason: v.picklist(['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'])
  }),
  publishList: v.null(),
  exportAuthority: v.strictObject({ password: Text(64) }),
  requestCertificate: v.null(),
  removeAnchor: v.strictObject({ id: HashSchema }),
  removePin: v.strictObject({ id: HashSchema }),
  exportCertificate: v.strictObject({
    format: v.picklist(['pem', 'der', 'p12', 'p12-old']),
    password: v.optional(Text(64))
  }),
  renewCertificate: v.nullish(v.null(), null),
  lockKeys: v.strictObject({ lock: v.boolean() }),
  setPassphrase: v.strictObject({ old: v.optional(Passphrase), passphrase: v.nullable(Passphrase) }),
  lockNow: v.nullish(v.null(), null),
  unlock: v.strictObject({ passphrase: Passphrase }),
  exportIdentity: v.strictObject({ passphrase: Passphrase, current: v.optional(Passphrase) }),
  importIdentity: v.strictObject({
    data: v.pipe(v.string(), v.maxLength(2 * transferBytesMost), v.check(isBase64, 'a file in base64')),
    passphrase: Passphrase
  }),
  previewReset: v.nullish(v.null(), null),
  resetIdentity: v.strictObject({ confirm: Text(2 * limits.nameLength) }),
  personHere: v.nullish(v.null(), null),
  changeSettings: SettingsSchema,
  lookAgain: v.nullish(v.null(), null),
  openTeamList: v.strictObject({ text: v.pipe(v.string(), v.maxLength(bounds.listed.bytes)) }),
  removeTeamList: v.nullish(v.null(), null),
  listCatalogue: v.nullish(
    v.strictObject({ staleAfterMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12))) }),
    null
  ),
  confirmJournal: v.nullish(v.null(), null),
  createMission: v.strictObject({
    name: v.string(),
    description: v.optional(Text(limits.descriptionLength)),
    onward: v.optional(v.picklist(['none', 'federation', 'any'])),
    changes: v.optional(ChangesSchema)
  }),
  write: v.strictObject({
    missionId: MissionIdSchema,
    changes: v.pipe(ChangesSchema, v.minLength(1))
  }),
  removeMember: v.strictObject({ missionId: MissionIdSchema, nodeId: NodeIdSchema }),
  listForks: v.strictObject({ missionId: MissionIdSchema }),
  settleFork: v.strictObject({
    missionId: MissionIdSchema,
    author: NodeIdSchema,
    epoch: v.custom<string>((value) => isHex(value, 16), '32 hexadecimal digits'),
    seq: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    hash: HashSchema
  }),
  setRole: v.strictObject({
    missionId: MissionIdSchema,
    nodeId: NodeIdSchema,
    role: v.picklist(['owner', 'subscriber', 'read-only'])
  }),
  listBeyond: v.strictObject({ missionId: MissionIdSchema, nodeId: NodeIdSchema, offset: Offset, limit: Limit }),
  adoptBeyond: v.strictObject({ missionId: MissionIdSchema, nodeId: NodeIdSchema }),
  listDeleted: v.strictObject({ missionId: MissionIdSchema, offset: Offset, limit: Limit }),
  listAsked: v.strictObject({ missionId: MissionIdSchema, offset: Offset, limit: Limit }),
  viewMission: v.strictObject({ missionId: MissionIdSchema }),
  listEntities: v.strictObject({
    missionId: MissionIdSchema,
    type: v.string(),
    offset: Offset,
    limit: Limit,
    order: v.picklist(['newest', 'oldest']),
    filter: v.optional(Text(200)),
    pastAt: v.optional(Time)
  }),
  listTasks: v.strictObject({ missionId: MissionIdSchema, offset: Offset, limit: Limit }),
  listConflicts: v.strictObject({ missionId: MissionIdSchema, offset: Offset, limit: Limit }),
  listDeletedEdits: v.strictObject({ missionId: MissionIdSchema }),
  listHistory: v.pipe(
    v.strictObject({
      missionId: MissionIdSchema,
      entity: v.optional(v.custom<string>(isEntity, 'mission, or type/id')),
      field: v.optional(v.custom<string>(isField, 'the name of a field')),
      before: v.optional(v.pipe(v.string(), v.check(isHistoryCursor, '`next` of the page before'))),
      limit: Limit
    }),
    v.check(({ entity, field }) => field === undefined || entity !== undefined, 'a field only with its entity')
  ),
  openPast: v.strictObject({ missionId: MissionIdSchema, at: Time }),
  search: v.strictObject({ text: Text(200), missionId: v.optional(MissionIdSchema), limit: Limit }),
  viewEntity: v.strictObject({ missionId: MissionIdSchema, entity: Text(256) }),
  listItems: v.strictObject({
    missionId: MissionIdSchema,
    box: v.optional(v.strictTuple([Degrees(180), Degrees(90), Degrees(180), Degrees(90)])),
    text: v.optional(Text(200)),
    since: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{16}\.-?\d{1,16}$/, 'a cursor of an earlier answer')))
  }),
  listMaps: v.nullish(v.null(), null),
  addMap: v.strictObject({ path: v.pipe(Text(4_096), v.minLength(1)) }),
  removeMap: v.strictObject({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)) }),
  listOnlyHere: v.strictObject({
    missionId: MissionIdSchema,
    nodeId: v.optional(NodeIdSchema),
    offset: Offset,
    limit: Limit
  }),
  previewScope: v.strictObject({
    nodeId: v.optional(NodeIdSchema),
    scope: ScopeSchema,
    until: v.optional(v.pipe(v.number(), v.safeInteger()))
  }),
  listContents: v.strictObject({
    missionId: MissionIdSchema,
    offset: Offset,
    limit: Limit,
    order: v.picklist(['newest', 'oldest']),
    filter: v.optional(Text(200))
  }),
  wantContent: v.strictObject({ missionId: MissionIdSchema, file: HashSchema, isWanted: v.boolean() }),
  previewContent: v.strictObject({ missionId: MissionIdSchema, file: HashSchema }),
  listSnapshots: v.nullish(v.null(), null),
  takeSnapshot: v.nullish(v.null(), null),
  restoreSnapshot: v.strictObject({ name: v.pipe(v.string(), v.regex(/^(latest|\d{6,9}-[a-z]+)$/)) }),
  sharePresence: v.strictObject({
    missionId: MissionIdSchema,
    key: v.pipe(Text(limits.nameLength), v.minLength(1)),
    value: v.custom<Json>(isLineValue, 'any JSON'),
    ttlMs: v.pipe(v.number(), v.integer(), v.minValue(1_000), v.maxValue(limits.presenceTtlMs))
  }),
  setBoundary: BoundarySchema,
  previewBoundary: BoundarySchema,
  listPresence: v.strictObject({ missionId: MissionIdSchema }),
  estimateBundle: v.strictObject({
    to: v.pipe(v.array(NodeIdSchema), v.maxLength(limits.bundleAudience)),
    onlyLacking: v.optional(v.boolean()),
    inTheOpen: v.optional(v.boolean())
  }),
  writeBundle: v.strictObject({
    path: PathSchema,
    missions: v.pipe(v.array(MissionIdSchema), v.minLength(1), v.maxLength(bounds.missions)),
    to: v.pipe(v.array(NodeIdSchema), v.maxLength(limits.bundleAudience)),
    onlyLacking: v.optional(v.boolean()),
    inTheOpen: v.optional(v.boolean()),
    pieceBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1024 * 1024), v.maxValue(2 ** 40)))
  }),
  previewBundle: v.strictObject({ path: PathSchema }),
  takeBundle: v.strictObject({ path: PathSchema }),
  takeReceipt: v.strictObject({
    data: v.pipe(v.string(), v.maxLength(2 * limits.bundleManifestBytes), v.check(isBase64, 'a file in base64'))
  }),
  bundleProgress: v.nullish(v.null(), null),
  cancelBundle: v.nullish(v.null(), null),
  listAudit: v.strictObject({ offset: Offset, limit: Limit })
} satisfies Record<CommandName, v.GenericSchema>

export const commandNames = Object.keys(schemas) as readonly CommandName[]

export function isCommandName(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(schemas, name)
}

/** Parses the argument and calls the handler; a refusal names the part that is wrong. */
export async function callCommand<Name extends CommandName>(
  handlers: CommandHandlers,
  name: Name,
  argument: unknown
): Promise<Result<AnswerOf<Name>>> {
  const parsed = v.safeParse(schemas[name], argument, { abortEarly: true })
  if (!parsed.success) return fail(refusalCode(name, parsed.issues), v.summarize(parsed.issues).slice(0, 300))
  const handler = handlers[name] as (argument: ArgumentOf<Name>) => Promise<Result<AnswerOf<Name>>>
  // exactOptionalPropertyTypes: valibot leaves absent keys absent, which its types do not say.
  return handler(parsed.output as unknown as ArgumentOf<Name>)
}

function refusalCode(name: CommandName, issues: readonly v.BaseIssue<unknown>[]) {
  if (name === 'addPeer' || name === 'removeAddress') return 'bad-address'
  if (name === 'changeSettings') return 'bad-setting'
  if (name === 'openTeamList') return 'team-list-refused'
  const hasScope =
    name === 'decide' || name === 'importCertificates' || name === 'previewScope' || name === 'answerPairing'
  if (hasScope && issues.some((issue) => issue.path?.[0]?.key === 'scope')) return 'bad-scope'
  if ((name === 'write' || name === 'createMission') && issues.some((issue) => issue.path?.[0]?.key === 'changes'))
    return 'bad-change'
  return 'bad-request'
}
