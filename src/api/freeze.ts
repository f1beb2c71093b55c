/** Freezes plain data through and through, stopping at what is frozen already; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) deepFreeze(value[i]);
    return value;
  }
  // Its order does not show, and a list of the values would be garbage at once: every write of the control plane comes here.
  for (const key in value) deepFreeze(value[key]);
  return value;
}
