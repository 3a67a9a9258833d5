/**
 * Properties are tried with the same values each time, so that a failure is of the change that was made. PROPERTY_SEED
 * takes others.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
