CREATE TABLE "notes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"body" text NOT NULL,
	"color" text NOT NULL,
	"is_pinned" boolean NOT NULL,
	"author" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "notes_title_1" CHECK (char_length("title") <= 120),
	CONSTRAINT "notes_body_1" CHECK (char_length("body") <= 10000)
);
--> statement-breakpoint
CREATE TABLE "sync_client" (
	"user_id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"schema" text NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sync_client_pkey" PRIMARY KEY("user_id","client_id")
);
--> statement-breakpoint
CREATE TABLE "sync_meta" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync_row" (
	"scope" text COLLATE "C" NOT NULL,
	"table_name" text COLLATE "C" NOT NULL,
	"row_key" text COLLATE "C" NOT NULL,
	"version" bigint NOT NULL,
	"is_deleted" boolean NOT NULL,
	"write_id" text,
	"column_versions" jsonb,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "sync_row_pkey" PRIMARY KEY("scope","table_name","row_key"),
	CONSTRAINT "sync_row_scope_version_key" UNIQUE("scope","version")
);
--> statement-breakpoint
CREATE TABLE "sync_scope" (
	"scope" text COLLATE "C" PRIMARY KEY NOT NULL,
	"epoch" uuid DEFAULT gen_random_uuid() NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"floor" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync_write" (
	"user_id" text COLLATE "C" NOT NULL,
	"write_id" text COLLATE "C" NOT NULL,
	"client_id" text NOT NULL,
	"schema" text NOT NULL,
	"request_hash" text NOT NULL,
	"answer" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp with time zone,
	CONSTRAINT "sync_write_pkey" PRIMARY KEY("user_id","write_id")
);
--> statement-breakpoint
CREATE INDEX "sync_row_key" ON "sync_row" USING btree ("table_name","row_key");--> statement-breakpoint
CREATE INDEX "sync_row_deleted" ON "sync_row" USING btree ("at") WHERE is_deleted;--> statement-breakpoint
CREATE INDEX "sync_write_answered" ON "sync_write" USING btree ("user_id","answered_at") WHERE answered_at IS NOT NULL;