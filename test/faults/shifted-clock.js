// Loaded before the program (`node --import`): its clock is ahead of the machine's by CLOCK_AHEAD_MS.
const now = Date.now;
Date.now = () => now() + Number(process.env.CLOCK_AHEAD_MS);
