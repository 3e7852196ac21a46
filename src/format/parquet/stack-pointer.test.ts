import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { exportStackPointer, stackPointerName } from './stack-pointer.ts'

test('the decoder’s wasm file stays valid and exports a mutable stack pointer besides all it had', async () => {
  const wasm = new Uint8Array(
    readFileSync(createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')),
  )
  const before = WebAssembly.Module.exports(await WebAssembly.compile(wasm))
  const after = WebAssembly.Module.exports(await WebAssembly.compile(exportStackPointer(wasm)))
  expect(after).toEqual([...before, { name: stackPointerName, kind: 'global' }])
})

test('bytes without exports come back as they are', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  expect(exportStackPointer(empty)).toEqual(empty)
})
