import binaryen from 'binaryen'
import { expect, it } from 'vitest'
import { namesToKeep } from './keep.mjs'

const exported = [
  '_ZN6duckdb5ValueC1Ev',
  '__wasm_call_ctors',
  'called_through_table',
  'data_of_the_loader',
  'duckdb_query',
  'duckdb_web_connect',
  'duckdb_web_unused',
  'malloc',
  'orig$_ZN6duckdb5ValueC1Ev',
  'orig$called_through_table',
  'orig$duckdb_query',
  'orig$malloc',
]

const module = binaryen.parseText(`(module
  (import "GOT.func" "called_through_table" (global $a (mut i32)))
  (import "GOT.mem" "data_of_the_loader" (global $b (mut i32)))
  (import "env" "_ZN6duckdb5ValueC1Ev" (global $c (mut i32)))
  (func $f ${exported.map((name) => `(export "${name}")`).join(' ')}))`)

it('keeps what the bindings name, what the module imports from itself, the C API, and their twins', () => {
  const bindings = ['wasmExports.malloc(e);x.__wasm_call_ctors()', 't.ccall("duckdb_web_connect",null)']
  expect(namesToKeep(module.emitBinary(), bindings)).toEqual(
    exported.filter((name) => !name.includes('_ZN') && name !== 'duckdb_web_unused'),
  )
})

it('does not take a part of a word for a name', () => {
  expect(namesToKeep(module.emitBinary(), ['emscripten_builtin_malloc my$malloc malloc_'])).not.toContain('malloc')
})
