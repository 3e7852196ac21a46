import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TrampolineExports, TrampolineImports } from '../src/engine/duckdb-wasm/trampolines.ts'
import { trampolineBytes } from '../src/engine/duckdb-wasm/trampolines.ts'
import { trampolinesFile, trampolinesModuleText } from './build-trampolines.mjs'
import { buildEngineFile, officialFile, slimFile } from './build.mjs'
import type { OpenedEngineFile } from './open-engine-file.ts'
import { openEngineFile } from './open-engine-file.ts'

const module = new WebAssembly.Module(trampolineBytes())

function trampolines(imports: Partial<TrampolineImports>): TrampolineExports {
  const unexpected = (): never => {
    throw new Error('called by the wrong trampoline')
  }
  const lf = {
    call_i: unexpected,
    call_ii: unexpected,
    call_iii: unexpected,
    fill: unexpected,
    wait: unexpected,
    cast: unexpected,
    size: unexpected,
    combine: unexpected,
    finalize: unexpected,
    destroy: unexpected,
    in_out: unexpected,
    ...imports,
  }
  return new WebAssembly.Instance(module, { lf }).exports as unknown as TrampolineExports
}

describe('trampolines', () => {
  it('are what trampolines.wat says', async () => {
    expect(await trampolinesModuleText()).toBe(await readFile(trampolinesFile, 'utf8'))
  })

  it('forward their arguments, each to its own import', () => {
    const calls: unknown[] = []
    const { f_i, f_ii, f_iii, f_cast, f_size, f_combine, f_finalize, f_destroy, f_in_out } = trampolines({
      call_i: (...values) => void calls.push(['i', ...values]),
      call_ii: (...values) => void calls.push(['ii', ...values]),
      call_iii: (...values) => void calls.push(['iii', ...values]),
      cast: (...values) => (calls.push(['cast', ...values]), 1),
      size: (...values) => (calls.push(['size', ...values]), 8n),
      combine: (...values) => void calls.push(['combine', ...values]),
      finalize: (...values) => void calls.push(['finalize', ...values]),
      destroy: (...values) => void calls.push(['destroy', ...values]),
      in_out: (...values) => (calls.push(['in_out', ...values]), 1),
    })
    f_i(1)
    f_ii(2, 3)
    f_iii(4, 5, 6)
    expect(f_cast(1, 2, 3n, 4)).toBe(1)
    expect(f_size(5)).toBe(8n)
    f_combine(1, 2, 3, 4n)
    f_finalize(1, 2, 3, 4n, 5n)
    f_destroy(1, 2n)
    expect(f_in_out(1, 2, 3, 4)).toBe(1)
    expect(calls).toEqual([
      ['i', 1],
      ['ii', 2, 3],
      ['iii', 4, 5, 6],
      ['cast', 1, 2, 3n, 4],
      ['size', 5],
      ['combine', 1, 2, 3, 4n],
      ['finalize', 1, 2, 3, 4n, 5n],
      ['destroy', 1, 2n],
      ['in_out', 1, 2, 3, 4],
    ])
  })

  it('fill once when there is something, wait and fill again until there is', () => {
    const calls: string[] = []
    let missing = 0
    const { f_scan } = trampolines({
      fill: (a, b) => (calls.push(`fill ${a} ${b}`), missing-- > 0 ? 0 : 1),
      wait: (a, b) => void calls.push(`wait ${a} ${b}`),
    })
    f_scan(7, 8)
    expect(calls.splice(0)).toEqual(['fill 7 8'])
    missing = 2
    f_scan(7, 8)
    expect(calls).toEqual(['fill 7 8', 'wait 7 8', 'fill 7 8', 'wait 7 8', 'fill 7 8'])
  })

  it('of two instances are bound to their own imports', () => {
    const calls: string[] = []
    const first = trampolines({ call_i: () => void calls.push('first') })
    const second = trampolines({ call_i: () => void calls.push('second') })
    second.f_i(0)
    first.f_i(0)
    expect(calls).toEqual(['second', 'first'])
  })
})

describe.each([
  ['slim', slimFile],
  ['official', officialFile],
])('trampolines in the %s engine file', (_, file) => {
  let engine: OpenedEngineFile
  const bigint = 5
  /** A `duckdb_connection`: the bindings' object holds DuckDB's own 8 bytes in. */
  const connection = (): number => engine.connection + 8
  const slot = (fn: unknown): number => {
    const index = engine.table.grow(1)
    engine.table.set(index, fn)
    return index
  }
  const columnOf = (chunk: number, index: bigint): number =>
    engine.call('duckdb_vector_get_data', engine.call('duckdb_data_chunk_get_vector', chunk, index))
  const longs = (address: number, count: number): BigInt64Array =>
    new BigInt64Array(engine.memory.buffer, address, count)

  beforeAll(async () => {
    await buildEngineFile()
    engine = await openEngineFile(file)
  })

  it('carry a table function that waits', () => {
    const { call, text } = engine
    const batches = [[1n, 2n, 3n], [4n], [5n, 6n]]
    let isThere = false
    let waits = 0
    const type = call('duckdb_create_logical_type', bigint)
    const bind = trampolines({
      call_i: (info) => void call('duckdb_bind_add_result_column', info, text('n'), type),
    })
    const init = trampolines({ call_i: () => {} })
    const scan = trampolines({
      fill(_info, output) {
        if (!isThere) return 0
        isThere = false
        const batch = batches.shift() ?? []
        longs(columnOf(output, 0n), batch.length).set(batch)
        call('duckdb_data_chunk_set_size', output, BigInt(batch.length))
        return 1
      },
      wait() {
        waits++
        isThere = true
      },
    })
    const fn = call('duckdb_create_table_function')
    call('duckdb_table_function_set_name', fn, text('six'))
    call('duckdb_table_function_set_bind', fn, slot(bind.f_i))
    call('duckdb_table_function_set_init', fn, slot(init.f_i))
    call('duckdb_table_function_set_function', fn, slot(scan.f_scan))
    expect(call('duckdb_register_table_function', connection(), fn)).toBe(0)

    const rows = engine.query('SELECT n FROM six() ORDER BY n DESC')
    expect(rows).toEqual(engine.query('SELECT unnest([6, 5, 4, 3, 2, 1]::BIGINT[]) AS n'))
    expect(waits).toBe(4)
  })

  it('carry a scalar function', () => {
    const { call, text } = engine
    const type = call('duckdb_create_logical_type', bigint)
    const { f_iii } = trampolines({
      call_iii(_info, input, output) {
        const count = call('duckdb_data_chunk_get_size', input)
        const values = longs(columnOf(input, 0n), count)
        longs(call('duckdb_vector_get_data', output), count).set(values.map((value) => value * value))
      },
    })
    const fn = call('duckdb_create_scalar_function')
    call('duckdb_scalar_function_set_name', fn, text('squared'))
    call('duckdb_scalar_function_add_parameter', fn, type)
    call('duckdb_scalar_function_set_return_type', fn, type)
    call('duckdb_scalar_function_set_function', fn, slot(f_iii))
    expect(call('duckdb_register_scalar_function', connection(), fn)).toBe(0)

    const squares = engine.query('SELECT sum(squared(i))::BIGINT AS s FROM range(10000) t(i)')
    expect(squares).toEqual(engine.query('SELECT 333283335000::BIGINT AS s'))
    expect(squares).not.toEqual(engine.query('SELECT 333283335001::BIGINT AS s'))
  })
})
