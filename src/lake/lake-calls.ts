import type { Progress } from '../engine/engine.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import type { CheckOptions, CheckReport } from './maintenance/check.ts'
import type { CommitOptions, CommitReport } from './commit/commit-options.ts'
import type { CompactOptions, CompactReport } from './maintenance/compact.ts'
import type { ExpireOptions, ExpireReport } from './maintenance/expire.ts'
import type { RecoverOptions, RecoverReport } from './maintenance/recover.ts'
import type { VacuumOptions, VacuumReport } from './maintenance/vacuum.ts'
import type { LakeOperation } from './write/write-request.ts'

/** How a lake is opened. Plain data. */
export interface OpenLakeRequest {
  /** `memory:name`, a path, `opfs:/lake`, `s3://bucket/prefix`, `https://…`; a folder, or a `.ducklake` file. */
  readonly url: string
  /** What SQL calls it. Default `lake`. */
  readonly name: string
  readonly create: boolean
  readonly readOnly: boolean
  /** Where its data files are, when not where the catalog says. */
  readonly dataPath?: string
}

export interface LakeInfo {
  readonly name: string
  readonly label: string
  /** DuckLake's, such as `1.0`. */
  readonly formatVersion: string
  readonly snapshot: number
  readonly isReadOnly: boolean
}

/** A moment in a lake's history; neither means the newest. */
export interface LakeMoment {
  readonly version?: number
  /** An instant with a zone, as text. */
  readonly timestamp?: string
}

export interface LakeTableName {
  readonly lake: string
  /** Default `main`. */
  readonly schema: string
  readonly table: string
}

export interface LakeTableInfo extends LakeTableName {
  readonly snapshot: number
  readonly columns: Schema
  /** Of columns that have one: the value for rows that are inserted without them, as SQL. */
  readonly defaults: Readonly<Record<string, string>>
}

/** Options without the signal, which goes beside a call. */
type OfLake<Options> = { readonly lake: string } & Omit<Options, 'signal'>

/**
 * What the engine's thread can be asked about lakes, by name: its argument and its answer, both plain data. The lake's code runs beside the
 * engine and its storage; what a user calls stands in `frame/lake.ts` and sends one of these.
 */
export interface LakeCalls {
  readonly open: { readonly argument: OpenLakeRequest; readonly answer: LakeInfo }
  readonly close: { readonly argument: { readonly lake: string }; readonly answer: void }
  /** Brings the catalog to the format that is written. */
  readonly migrate: { readonly argument: { readonly lake: string }; readonly answer: LakeInfo }
  readonly describe: { readonly argument: LakeTableName & LakeMoment; readonly answer: LakeTableInfo }
  /** All that happened, the newest first: `version time schemaVersion changes author message extra`. */
  readonly snapshots: { readonly argument: { readonly lake: string }; readonly answer: ColumnBatch }
  /** `schema` */
  readonly schemas: { readonly argument: { readonly lake: string } & LakeMoment; readonly answer: ColumnBatch }
  /** Tables and views: `schema name kind columns rows files bytes comment`. */
  readonly tables: { readonly argument: { readonly lake: string } & LakeMoment; readonly answer: ColumnBatch }
  /** The data files of a table: `path rows bytes deleted firstRowId since partition`. */
  readonly files: { readonly argument: LakeTableName & LakeMoment; readonly answer: ColumnBatch }
  /** The snapshots that changed a table, the newest first; columns as of `snapshots`. */
  readonly history: { readonly argument: LakeTableName; readonly answer: ColumnBatch }
  /** The table of an open lake that a name means, its parts as SQL has them; one without a lake is in `lake`, when that is open. Undefined where it is in none. */
  readonly locate: {
    readonly argument: { readonly name: readonly string[] }
    readonly answer: LakeTableName | undefined
  }
  readonly compact: { readonly argument: OfLake<CompactOptions>; readonly answer: CompactReport }
  readonly expire: { readonly argument: OfLake<ExpireOptions>; readonly answer: ExpireReport }
  readonly vacuum: { readonly argument: OfLake<VacuumOptions>; readonly answer: VacuumReport }
  readonly recover: { readonly argument: OfLake<RecoverOptions>; readonly answer: RecoverReport }
  readonly check: { readonly argument: OfLake<CheckOptions>; readonly answer: CheckReport }
  /** Does something in a lake: as a commit of its own, or as a part of the transaction whose name stands in place of the lake's. */
  readonly write: {
    readonly argument: {
      readonly lake: string
      readonly operations: readonly LakeOperation[]
      readonly commit?: CommitOptions
      /** What `verify()` is asked for; by default the commit makes its own. */
      readonly commitId?: string
    }
    /** None within a transaction. */
    readonly answer: CommitReport | undefined
  }
  /** Begins a transaction, or one that was overtaken so often `again`; the answer's `lake` stands for the lake in it. */
  readonly begin: {
    readonly argument: { readonly lake: string; readonly commitId?: string; readonly again?: number }
    readonly answer: { readonly lake: string; readonly snapshot: number }
  }
  readonly commit: {
    readonly argument: { readonly lake: string; readonly commit: CommitOptions }
    readonly answer: CommitReport
  }
  /** Ends a transaction without a trace. */
  readonly abort: { readonly argument: { readonly lake: string }; readonly answer: void }
  /** Whether a commit happened. */
  readonly verify: {
    readonly argument: { readonly lake: string; readonly commitId: string }
    readonly answer: { readonly committed: boolean; readonly snapshot?: number }
  }
}

/** What carries a call to the engine's side. */
export type CallLake = <Name extends keyof LakeCalls>(
  name: Name,
  argument: LakeCalls[Name]['argument'],
  options?: { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void },
) => Promise<LakeCalls[Name]['answer']>
