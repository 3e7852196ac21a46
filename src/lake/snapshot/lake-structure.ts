import type { CatalogRow } from '../catalog/catalog.ts'
import type { LakeSnapshot, SnapshotRow } from './lake-snapshot.ts'
import type { TargetTable } from './lake-target.ts'

/** What was read of schemas, tables and views. It is true of all snapshots until one changes them. */
export interface Structure {
  snapshot?: Promise<LakeSnapshot>
  readonly targets: Map<string, Promise<TargetTable>>
  /** What commits look up of tables, by their own names for it. */
  readonly facts: Map<string, Promise<unknown>>
}

/** What is known of a lake as it is now. */
export interface CurrentLake {
  readonly newest: SnapshotRow
  readonly structure: Structure
  /** What is set for all of it, its schemas and tables: `key`, `value`, `scope` and `scope_id`. */
  readonly metadata: readonly CatalogRow[]
}

/** The newest snapshot when something was read of a lake, and what was known of it then. */
export interface SeenLake {
  readonly newest: SnapshotRow
  readonly structure?: Structure
}

export function unknownStructure(): Structure {
  return { targets: new Map(), facts: new Map() }
}
