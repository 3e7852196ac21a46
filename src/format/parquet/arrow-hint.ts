import { arrowField, arrowTypes, schemaMessage } from '../arrow-message.ts'
import type { FlatTable } from '../flat-buffer.ts'
import type { ParquetNode } from './schema.ts'

/**
 * An Arrow schema for one column, as base64 of its IPC message: the form in which Parquet's `ARROW:schema` metadata tells a
 * Rust reader which Arrow types to make. Hints only where they change something: top-level text as dictionary, INT96 in
 * microseconds (its default, nanoseconds, wraps outside 1677–2262).
 */
export function arrowHint(node: ParquetNode, options: { asDictionary: boolean }): string {
  return btoa(String.fromCharCode(...schemaMessage([fieldOf(node, options.asDictionary)])))
}

/** Whether reading `node` right needs a hint. */
export function needsHint(node: ParquetNode): boolean {
  return node.physical === 'int96' || node.children.some(needsHint)
}

const microseconds = 2

function fieldOf(node: ParquetNode, asDictionary: boolean): FlatTable {
  const single: ParquetNode = { ...node, repetition: 'optional' }
  if (node.repetition === 'repeated') {
    return arrowField(node.name, arrowTypes.list, { children: [fieldOf(single, false)] })
  }
  if (node.physical === undefined) {
    return arrowField(node.name, arrowTypes.struct, { children: node.children.map((child) => fieldOf(child, false)) })
  }
  if (node.physical === 'int96') {
    return arrowField(node.name, arrowTypes.timestamp, { type: [{ bytes: 2, value: microseconds }] })
  }
  if (!asDictionary) return arrowField(node.name, arrowTypes.null)
  const int32: FlatTable = {
    table: [
      { bytes: 4, value: 32 },
      { bytes: 1, value: 1 },
    ],
  }
  return arrowField(node.name, arrowTypes.text, { dictionary: { table: [undefined, { ref: int32 }] } })
}
