/** The tasks of one mission in the order in which people see them, a page at a time. */
import { compareTasks, taskStanding, type TaskStanding } from '@shared/task-order.js'
import type { TaskPage } from '@shared/model.js'
import type { EntityIndex } from './fold.js'
import type { Mission } from './mission.js'
import { ValueIndex, type ReadValues } from './value-index.js'
import { entitiesNamed, type PageQuery } from './views.js'

interface Kept {
  /** Left out: deleted. */
  readonly standing?: TaskStanding
  readonly createdAt: number
}

interface Listed extends TaskStanding {
  readonly entity: string
  readonly createdAt: number
}

export class TaskIndex extends ValueIndex<Kept> {
  #listed: readonly Listed[] | undefined

  constructor(mission: Mission) {
    super(mission, 'task', new Set(['state', 'due']))
  }

  /** Of those that were known when it was refreshed last. */
  async page({ offset, limit }: PageQuery): Promise<TaskPage> {
    const listed = (this.#listed ??= this.#list())
    const names = listed.slice(offset, offset + limit).map(({ entity }) => entity)
    const fold = await this.mission.fold()
    return {
      version: fold.version,
      total: listed.length,
      open: listed.filter(({ rank }) => rank !== 2).length,
      offset,
      items: await entitiesNamed(this.mission, fold, names)
    }
  }

  protected override keptOf({ deleted, fields, created }: EntityIndex, values: ReadValues): Kept {
    this.#listed = undefined
    if (deleted) return { createdAt: created.at }
    // Of what is not looked at it matters only how many values there are.
    const read = fields.map((one) => ({
      field: one.field,
      values: values.get(one.field) ?? one.values.map(() => ({ value: null }))
    }))
    return { standing: taskStanding({ entity: 'task/', fields: read }), createdAt: created.at }
  }

  protected override forgot(): void {
    this.#listed = undefined
  }

  /** What is alike: the newest first. */
  #list(): readonly Listed[] {
    return [...this.kept]
      .flatMap(([entity, { standing, createdAt }]) =>
        standing === undefined ? [] : [{ entity, createdAt, ...standing }]
      )
      .sort((a, b) => compareTasks(a, b) || b.createdAt - a.createdAt || (a.entity < b.entity ? -1 : 1))
  }
}
