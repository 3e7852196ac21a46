/** Loads a module of the host without an import that a bundler for browsers would stumble over. */
export function builtin<T>(name: string): T | undefined {
  const host = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }
  return host.process?.getBuiltinModule?.(name) as T | undefined
}
