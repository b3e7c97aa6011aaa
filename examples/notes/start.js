// `npm start`: the built application. Ctrl-C ends it.

const { env } = process;
env.HOST ??= "127.0.0.1";
env.PORT ??= "3000";
// Each device has an open stream, which would be waited for.
env.SHUTDOWN_TIMEOUT ??= "1";

console.log(`\n  The page:  http://${env.HOST}:${env.PORT}/\n\n  Ctrl-C ends it.\n`);
await import("./build/index.js");
