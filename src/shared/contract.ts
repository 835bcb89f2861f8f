/**
 * The one contract between window and engine: every command with its argument and its answer, and the messages that
 * carry them over a WebSocket. Over IPC the same commands and the same feed messages travel without the envelope.
 */
import type { FeedMessage } from './feed.js'
import type {
  AuditPage,
  ChangeName,
  EntityPage,
  Ground,
  MissionId,
  MissionView,
  NodeId,
  WriteRequest
} from './model.js'
import type { Result } from './result.js'
import type { Scope } from './scope.js'

export interface DecisionRequest {
  readonly nodeId: NodeId
  readonly level: 'trusted' | 'untrusted' | 'revoked'
  readonly scope?: Scope
  /** End of the decision; left out: until revoked. */
  readonly until?: number
  readonly reason?: string
  readonly ground?: Ground
}

interface CommandMap {
  /** Dial an address, and go on dialling it until it is removed. */
  addPeer: { argument: { readonly address: string; readonly port: number }; answer: null }
  removeAddress: { argument: { readonly address: string; readonly port: number }; answer: null }
  /** Forget the back-off and dial now: one peer, or everybody. */
  tryNow: { argument: { readonly nodeId?: NodeId }; answer: null }
  decide: { argument: DecisionRequest; answer: null }
  /** After a damaged or missing trust journal: a person takes responsibility for going on. */
  confirmJournal: { argument: null; answer: null }
  createMission: {
    argument: { readonly name: string; readonly description?: string }
    answer: { readonly id: MissionId }
  }
  /** Answers after the changes are durable. */
  write: {
    argument: { readonly missionId: MissionId; readonly changes: readonly WriteRequest[] }
    answer: { readonly changes: readonly { readonly name: ChangeName }[] }
  }
  viewMission: { argument: { readonly missionId: MissionId }; answer: MissionView }
  /** A range of the entities of one type (`log`, `task`, …), by the time their authors claim. */
  listEntities: {
    argument: {
      readonly missionId: MissionId
      readonly type: string
      readonly offset: number
      /** 1 to 200. */
      readonly limit: number
      readonly order: 'newest' | 'oldest'
      /** Shows entities with this text in any value; case does not matter. */
      readonly filter?: string
    }
    answer: EntityPage
  }
  /** Newest first. */
  listAudit: { argument: { readonly offset: number; readonly limit: number }; answer: AuditPage }
}

export type CommandName = keyof CommandMap
export type ArgumentOf<Name extends CommandName> = CommandMap[Name]['argument']
export type AnswerOf<Name extends CommandName> = CommandMap[Name]['answer']

/** The engine's side: a missing command does not compile. */
export type CommandHandlers = {
  readonly [Name in CommandName]: (argument: ArgumentOf<Name>) => Promise<Result<AnswerOf<Name>>>
}

/** What the window holds instead of a socket or an IPC object. */
export interface EngineClient {
  call<Name extends CommandName>(name: Name, argument: ArgumentOf<Name>): Promise<Result<AnswerOf<Name>>>
  /** Starts with a snapshot; returns its undo. */
  subscribe(listener: (message: FeedMessage) => void): () => void
}

/** Window to engine. The first message authenticates and must come within two seconds. */
export type ClientMessage =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'call'; readonly id: number; readonly name: CommandName; readonly argument: unknown }
  | { readonly type: 'subscribe' }

/** Engine to window. */
export type ServerMessage =
  FeedMessage | { readonly type: 'answer'; readonly id: number; readonly result: Result<unknown> }

/** Names of the IPC channels, once for both ends. */
export const ipcChannels = { call: 'muster:call', subscribe: 'muster:subscribe', feed: 'muster:feed' } as const
