import type { Bound } from '../format/parquet/statistics.ts'
import { compareBounds } from '../format/parquet/statistics.ts'
import { BoundKeys, valueReaderOf } from './bound-keys.ts'
import type { BoundReader } from './bound-reader.ts'
import { bucketOf } from './bucket-of.ts'
import { leavesOut } from './chosen-rows.ts'
import { countingColumn } from './constant-column.ts'
import { visitTests } from './could-prune.ts'
import { domainOf } from './domain.ts'
import { filesOfNulls, fileVerdicts } from './file-verdicts.ts'
import type { FileColumnFacts } from './file-verdicts.ts'
import type { FileBounds, ListedFiles } from './listed-files.ts'
import { outcomes } from './outcomes.ts'
import type { ColumnFacts } from './outcomes.ts'
import type { Predicate } from './predicate.ts'
import type { MappedField, TopRows } from './source.ts'

interface Column extends FileColumnFacts {
  readonly readMin: BoundReader | undefined
  readonly readMax: BoundReader | undefined
}

/** What was learned of a list of files: bounds of columns as they came to be needed. */
export class FileListing {
  readonly files: ListedFiles
  /** The rows a scan sees, where the list alone tells. */
  readonly rowCount: number | undefined
  readonly #mapping: readonly MappedField[]
  readonly #columns = new Map<string, Promise<void>>()
  readonly #known = new Map<string, Column>()
  readonly #overlaps = new Map<string, number>()

  constructor(files: ListedFiles, mapping: readonly MappedField[]) {
    this.files = files
    this.rowCount = countLiveRows(files)
    this.#mapping = mapping
  }

  /** Asks for the bounds of the columns that `predicate` tests, or of the one named. */
  async load(what: Predicate | string, options: { readonly signal?: AbortSignal }): Promise<void> {
    const names = new Set<string>()
    if (typeof what === 'string') names.add(what)
    else visitTests(what, ({ operand }) => names.add(operand.column))
    await Promise.all([...names].map((name) => this.#load(name, options)))
  }

  /** The share of files a value of a column lies in, by what is known without asking; 1 where nothing is. */
  overlap(column: string): number {
    const known = this.#known.get(column)
    if (known === undefined) return 1
    const share = this.#overlaps.get(column) ?? shareInside(known, this.files.rows)
    this.#overlaps.set(column, share)
    return share
  }

  /** The files that may hold rows for which `predicate` is true; it only counts as far as bounds were loaded. */
  choose(predicate: Predicate | undefined): readonly number[] {
    const { count, rows } = this.files
    const facts = (column: string): Column | undefined => this.#known.get(column)
    const verdicts = predicate ? fileVerdicts(predicate, { rows, facts }) : new Uint8Array(count).fill(1)
    const exact = predicate === undefined || this.#isDecided(predicate) ? undefined : predicate
    const chosen: number[] = []
    for (let file = verdicts.indexOf(1); file >= 0; file = verdicts.indexOf(1, file + 1)) {
      if (rows[file] === 0) continue
      if (exact === undefined || outcomes(exact, (column) => this.#facts(file, column)).mayBeTrue) chosen.push(file)
    }
    return chosen
  }

  /** Whether keys say of every test of `predicate` all that bounds could. */
  #isDecided(predicate: Predicate): boolean {
    let isDecided = true
    visitTests(predicate, ({ operand: { column, casts } }) => {
      const known = this.#known.get(column)
      if (known === undefined) return
      if (casts.length > 0 || !known.keys.isExact || known.bounds.buckets !== undefined) isDecided = false
    })
    return isDecided
  }

  /** What the first rows in the order of a column have to be, as `topPredicate` says of row groups. */
  top({ direction, rows }: TopRows, name: string): Predicate | undefined {
    const column = this.#known.get(name)
    const domain = column && domainOf(column.type)
    const read = direction === 'up' ? column?.readMax : column?.readMin
    if (column === undefined || read === undefined || domain?.kind === 'double' || domain?.kind === 'float')
      return undefined
    const furthest = direction === 'up' ? column.keys.high : column.keys.low
    const sign = direction === 'up' ? 1 : -1
    const candidates: number[] = []
    for (let file = 0; file < furthest.length; file++) if (this.#values(file, column) > 0) candidates.push(file)
    candidates.sort((a, b) => (furthest[a]! - furthest[b]!) * sign)
    let values = 0
    let bound: Bound | undefined
    for (const file of candidates) {
      const own = read(file)
      if (own === null) continue
      values += this.#values(file, column)
      if (bound === undefined || compareBounds(own, bound) * sign > 0) bound = own
      if (values >= rows) return { kind: 'within', operand: { column: name, casts: [] }, direction, bound }
    }
    return undefined
  }

  /** Values that are surely there. */
  #values(file: number, { bounds }: Column): number {
    const { rows, deleted, only } = this.files
    if (only !== undefined || this.files.shows === 'deleted') return 0
    const values = rows[file]! - (bounds.nulls?.[file] ?? NaN) - (deleted?.[file] ?? 0)
    return values > 0 ? values : 0
  }

  #facts(file: number, name: string): ColumnFacts | undefined {
    const column = this.#known.get(name)
    if (column === undefined) return undefined
    const { type, bounds, readMin, readMax } = column
    const nulls = bounds.nulls?.[file]
    const [min, max] = [readMin?.(file) ?? undefined, readMax?.(file) ?? undefined]
    const bucket = bounds.buckets?.of[file] ?? -1
    const isOther = (value: Bound): boolean => {
      const own = bucketOf(type, value, bounds.buckets!.count)
      return own !== undefined && own !== bucket
    }
    return {
      type,
      rows: this.files.rows[file]!,
      ...(nulls === undefined || Number.isNaN(nulls) ? {} : { nulls }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(bounds.nans?.[file] === 0 ? { hasNoNaN: true } : {}),
      ...(bucket < 0 ? {} : { excludes: isOther }),
    }
  }

  #load(name: string, options: { readonly signal?: AbortSignal }): Promise<void> {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const field = this.#mapping.find((own) => own.name === name)
    const load = async (): Promise<void> => {
      if (field === undefined) return
      const bounds =
        field.virtual === undefined ? await this.files.bounds?.(name, options) : placesOf(field, this.files.count)
      if (bounds === undefined) return
      const { type } = field
      this.#known.set(name, {
        type,
        bounds,
        keys: new BoundKeys(type, bounds, this.files.count),
        onlyNulls: filesOfNulls(bounds, this.files.rows),
        readMin: bounds.min && valueReaderOf(type, bounds.min),
        readMax: bounds.max && valueReaderOf(type, bounds.max),
      })
    }
    const loading = load()
    this.#columns.set(name, loading)
    loading.catch(() => this.#columns.delete(name))
    return loading
  }
}

/** Every row of a file has the file's place in the list. */
function placesOf({ virtual }: MappedField, count: number): FileBounds | undefined {
  if (virtual !== 'fileIndex') return undefined
  const places = countingColumn(0, count)
  return { min: places, max: places, nulls: new Float64Array(count) }
}

/** Files that are looked at to tell how far all lie apart. */
const sampledFiles = 20_000

/** The share of files that a bound of some file lies in on average. */
function shareInside({ keys, bounds: { nulls } }: Column, rows: Float64Array): number {
  const step = Math.max(1, Math.floor(rows.length / sampledFiles))
  const [lows, highs]: [number[], number[]] = [[], []]
  let unknown = 0
  for (let file = 0; file < rows.length; file += step) {
    const [low, high] = [keys.low[file]!, keys.high[file]!]
    if (low !== -Infinity && high !== Infinity) {
      lows.push(low)
      highs.push(high)
    } else if (nulls === undefined || nulls[file] !== rows[file]) unknown++
  }
  if (lows.length === 0) return 1
  const [begins, ends] = [Float64Array.from(lows).sort(), Float64Array.from(highs).sort()]
  let [inside, ended] = [0, 0]
  for (let begun = 0; begun < begins.length;) {
    const low = begins[begun]!
    const before = begun
    while (begun < begins.length && begins[begun] === low) begun++
    while (ended < ends.length && ends[ended]! < low) ended++
    inside += (begun - before) * (begun - ended)
  }
  return (inside / begins.length + unknown) / Math.ceil(rows.length / step)
}

/** The rows a scan sees, where the list alone tells. */
function countLiveRows({
  count,
  rows,
  deleted,
  shows,
  only,
  snapshots,
  lastSnapshots,
}: ListedFiles): number | undefined {
  if (shows === 'deleted') return undefined
  let all = 0
  for (let file = 0; file < count; file++) {
    if (only && leavesOut(only, snapshots?.[file] ?? NaN, lastSnapshots?.[file] ?? NaN)) return undefined
    all += rows[file]! - (deleted?.[file] ?? 0)
  }
  return Number.isNaN(all) ? undefined : all
}
