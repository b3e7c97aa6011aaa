import { createRootRoute, HeadContent, Outlet, Scripts } from "@tanstack/react-router";

import style from "../app/style.css?url";

export const Route = createRootRoute({
  head: () => ({
    meta: [
      { charSet: "utf-8" },
      { name: "viewport", content: "width=device-width, initial-scale=1" },
      { title: "Code review" },
    ],
    links: [
      { rel: "stylesheet", href: style },
      { rel: "icon", href: "data:," },
    ],
  }),
  component: () => (
    <html lang="en">
      <head>
        <HeadContent />
      </head>
      <body>
        <Outlet />
        <Scripts />
      </body>
    </html>
  ),
});
