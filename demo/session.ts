import { connect, type EngineInfo, type Session } from 'lakefront'

/** The sample that is served beside the page, by the name that queries use. */
export const sampleFile = 'flights-3m.parquet'

/** The page's one session. */
export interface PageSession {
  /** The open session; opens one when there is none yet or the former was lost. */
  get(): Promise<Session>
  /** Gives the session up: the next {@link get} opens a new one. */
  lost(): void
}

/** Opens the session at once. `onOpened` may make files readable before anything else runs. */
export function pageSession(on: {
  readonly engine: (state: 'booting' | 'failed' | EngineInfo) => void
  readonly opened: (db: Session) => Promise<void>
}): PageSession {
  let current: Promise<Session> | undefined

  const open = async (): Promise<Session> => {
    on.engine('booting')
    try {
      const db = await connect()
      on.engine(db.engine)
      await on.opened(db)
      return db
    } catch (error) {
      current = undefined
      on.engine('failed')
      throw error
    }
  }
  const get = (): Promise<Session> => (current ??= open())
  void get().catch(() => {})
  return {
    get,
    lost() {
      const former = current
      current = undefined
      void former?.then((db) => db.close()).catch(() => {})
    },
  }
}
