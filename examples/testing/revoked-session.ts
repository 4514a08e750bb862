// Loaded before an example by its test: gives the example's guard a revocation list with one session in it, as the
// revocation feed would. The example's own file stays as it is.
import { registerHooks } from 'node:module'

const wrapper = new URL('./guard-with-revocation.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    const isFromWrapper = context.parentURL === wrapper
    return specifier === '@signet/guard' && !isFromWrapper
      ? { url: wrapper, shortCircuit: true }
      : nextResolve(specifier, context)
  },
})
