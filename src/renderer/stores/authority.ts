/** This laptop's own authority: asked for when somebody looks at it, and again after each change. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ArgumentOf, CertificateFiles, IssueRequest, SavedFile } from '@shared/contract'
import type { AuthorityView, RevokeReason } from '@shared/model'
import type { Problem, Result } from '@shared/result'
import { useFeedStore } from './feed'

export const useAuthorityStore = defineStore('authority', () => {
  const feed = useFeedStore()
  /** `undefined` while it is not known. */
  const view = shallowRef<AuthorityView | null>()
  const problem = shallowRef<Problem>()

  async function look(): Promise<void> {
    const result = await feed.call('viewAuthority', null)
    problem.value = result.ok ? undefined : result.problem
    if (result.ok) view.value = result.value
  }

  async function changed<T>(command: Promise<Result<T>>): Promise<Result<T>> {
    const result = await command
    await look()
    return result
  }

  return {
    view,
    problem,
    look,
    make: (name: string, days: number) => changed(feed.call('makeAuthority', { name, days })),
    /** What is in the files, before anything is written. */
    lookAtFiles: (files: CertificateFiles) => feed.call('previewCertificates', files),
    takeOver: (argument: ArgumentOf<'takeAuthority'>) => changed(feed.call('takeAuthority', argument)),
    issue: (request: IssueRequest): Promise<Result<SavedFile>> => changed(feed.call('issueCertificate', request)),
    previewRequest: (data: string) => feed.call('previewRequest', { data }),
    takeBack: (serial: string, reason: RevokeReason) => changed(feed.call('revokeIssued', { serial, reason })),
    publish: (): Promise<Result<SavedFile>> => changed(feed.call('publishList', null)),
    exportKey: (password: string): Promise<Result<SavedFile>> => feed.call('exportAuthority', { password }),
    requestOwn: (): Promise<Result<SavedFile>> => feed.call('requestCertificate', null)
  }
})
