import { transferHandlers } from 'comlink'
import type { TransferHandler } from 'comlink'
import { errorFromWire, errorToWire } from '../errors.ts'
import type { WireError } from '../errors.ts'

interface ComlinkThrown {
  readonly isError: boolean
  readonly value: unknown
}

type WireThrown = ComlinkThrown & { readonly lakefront?: WireError }

const isOurs = Symbol('lakefront.errors')

/**
 * Makes errors cross a Comlink boundary whole: code, details, stack and the chain of causes, where Comlink itself keeps
 * only name, message and stack. Both ends call it; twice is fine. What Comlink wrote before stays in the message, so an
 * application that uses the same copy of Comlink for its own workers sees no difference.
 */
export function installErrorTransfer(): void {
  const original = transferHandlers.get('throw') as TransferHandler<{ value: unknown }, ComlinkThrown>
  if (isOurs in original) return
  const handler: TransferHandler<{ value: unknown }, WireThrown> & { [isOurs]: true } = {
    [isOurs]: true,
    canHandle: original.canHandle,
    serialize(thrown) {
      const [wire, transferables] = original.serialize(thrown)
      if (!(thrown.value instanceof Error)) return [wire, transferables]
      return [{ ...wire, lakefront: clonable(errorToWire(thrown.value)) }, transferables]
    },
    deserialize(wire) {
      if (wire.lakefront !== undefined) throw errorFromWire(wire.lakefront)
      return original.deserialize(wire)
    },
  }
  transferHandlers.set('throw', handler)
}

function clonable(wire: WireError): WireError {
  try {
    return structuredClone(wire)
  } catch {
    return {
      ...wire,
      ...(wire.details === undefined ? {} : { details: clonableDetails(wire.details) }),
      ...(wire.cause === undefined ? {} : { cause: clonable(wire.cause) }),
    }
  }
}

function clonableDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => {
      try {
        return [name, structuredClone(value)]
      } catch {
        return [name, String(value)]
      }
    }),
  )
}
