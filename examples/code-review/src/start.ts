import { createCsrfMiddleware, createStart } from "@tanstack/react-start";

/** Server functions answer pages of this origin alone. */
const csrf = createCsrfMiddleware({ filter: ({ handlerType }) => handlerType === "serverFn" });

export const startInstance = createStart(() => ({ requestMiddleware: [csrf] }));
