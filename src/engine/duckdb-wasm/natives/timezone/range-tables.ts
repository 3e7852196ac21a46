import { vectorSize } from '../../capi.ts'
import type { Pointer } from '../../capi.ts'
import type { LogicalType } from '../../../../types/logical-type.ts'
import type { NativeFunctions } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import type { Moment } from './calendar.ts'
import { instants, isNothing } from './instant-range.ts'
import { MomentAccess } from './moment-access.ts'
import type { SessionZone } from './session-zone.ts'

const timestamptz: LogicalType = { kind: 'timestamptz' }
const interval: LogicalType = { kind: 'interval' }

/** `FROM range(TIMESTAMPTZ, TIMESTAMPTZ, INTERVAL)` and `generate_series`, of constants, parameters and columns of other tables. */
export class RangeTables {
  readonly #functions: NativeFunctions
  readonly #session: SessionZone
  readonly #vectors: VectorAccess
  readonly #start: MomentAccess
  readonly #end: MomentAccess

  constructor(functions: NativeFunctions, session: SessionZone, vectors: VectorAccess) {
    this.#functions = functions
    this.#session = session
    this.#vectors = vectors
    this.#start = new MomentAccess(functions.duckdb)
    this.#end = new MomentAccess(functions.duckdb)
  }

  register(): void {
    for (const name of ['range', 'generate_series']) {
      const isInclusive = name === 'generate_series'
      this.#functions.table(name, {
        parameters: [timestamptz, timestamptz, interval],
        returns: timestamptz,
        open: () => this.#open(isInclusive),
      })
    }
  }

  #open(isInclusive: boolean): (input: Pointer, output: Pointer) => boolean {
    const { capi } = this.#functions.duckdb
    let row = -1
    let values: Iterator<Moment, undefined> = [].values()
    return (input, output) => {
      const count = capi.dataChunkGetSize(input)
      const data = capi.vectorGetData(capi.dataChunkGetVector(output, 0))
      let rows = 0
      while (rows < vectorSize) {
        const { done, value } = values.next()
        if (done !== true) this.#start.write(data, rows++, value.sec, value.us)
        else if (++row < count) values = this.#valuesOf(input, row, isInclusive)
        else break
      }
      capi.dataChunkSetSize(output, rows)
      // Where constants are scanned, and where rows are pushed through, the end of an input is a chunk without rows.
      if (rows === 0) row = -1
      else if (row >= count) row = count - 1
      return rows > 0
    }
  }

  #valuesOf(input: Pointer, row: number, isInclusive: boolean): Iterator<Moment, undefined> {
    const { capi } = this.#functions.duckdb
    const count = capi.dataChunkGetSize(input)
    for (let column = 0; column < 3; column++)
      this.#functions.cpp.flatten(capi.dataChunkGetVector(input, column), count)
    const columns = this.#vectors.columns(input, 3)
    if (columns.some((column) => this.#vectors.isNull(column, row))) return [].values()
    const [starts, ends, steps] = columns
    if (!this.#start.read(starts!.data, row) || !this.#end.read(ends!.data, row))
      throw new Error('RANGE with infinite bounds is not supported')
    const step = this.#start.span(steps!.data, row)
    if (isNothing(step)) throw new Error('interval cannot be 0!')
    const start = { sec: this.#start.sec, us: this.#start.us }
    const end = { sec: this.#end.sec, us: this.#end.us }
    return instants(this.#session.zone, { start, end, step, isInclusive })
  }
}
