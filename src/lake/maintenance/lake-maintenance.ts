import type { Engine } from '../../engine/engine.ts'
import type { ParquetEncoder } from '../../format/parquet/parquet-writer.ts'
import { check } from './check.ts'
import type { CheckOptions, CheckReport } from './check.ts'
import { checkValues } from './check-values.ts'
import { compact } from './compact.ts'
import type { CompactOptions, CompactReport } from './compact.ts'
import { expireSnapshots } from './expire.ts'
import type { ExpireOptions, ExpireReport } from './expire.ts'
import type { Lakes } from '../snapshot/lakes.ts'
import { recover } from './recover.ts'
import type { RecoverOptions, RecoverReport } from './recover.ts'
import { readValues } from './repair-statistics.ts'
import { vacuum } from './vacuum.ts'
import type { VacuumOptions, VacuumParts, VacuumReport } from './vacuum.ts'

export interface MaintenanceParts {
  readonly lakes: Lakes
  readonly engine: Pick<Engine, 'register' | 'unregister' | 'execute'>
  readonly encoder: ParquetEncoder
}

/** Keeps the lakes of a session tidy. */
export class LakeMaintenance {
  readonly #parts: MaintenanceParts

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
  }

  async compact(lake: string, options: CompactOptions): Promise<CompactReport> {
    const { lakes, engine, encoder } = this.#parts
    const { data } = await this.#placesOf(lake)
    return compact({ lake: lakes.lake(lake), engine, data, encoder }, options)
  }

  expire(lake: string, options: ExpireOptions): Promise<ExpireReport> {
    return expireSnapshots(this.#parts.lakes.lake(lake).catalog, options)
  }

  async vacuum(lake: string, options: VacuumOptions): Promise<VacuumReport> {
    return vacuum(await this.#placesOf(lake), options)
  }

  async recover(lake: string, options: RecoverOptions): Promise<RecoverReport> {
    const { lakes, engine } = this.#parts
    const places = await this.#placesOf(lake)
    return recover({ ...places, readValues: (own) => readValues({ lake: lakes.lake(lake), engine }, own) }, options)
  }

  async check(lake: string, options: CheckOptions): Promise<CheckReport> {
    const { lakes, engine } = this.#parts
    const places = await this.#placesOf(lake)
    return check({ ...places, checkValues: (own) => checkValues({ lake: lakes.lake(lake), engine }, own) }, options)
  }

  async #placesOf(name: string): Promise<VacuumParts> {
    const lake = this.#parts.lakes.lake(name)
    return { catalog: lake.catalog, data: await lake.dataStorage() }
  }
}
