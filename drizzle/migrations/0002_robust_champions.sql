CREATE TABLE "session_usage" (
	"session" text NOT NULL,
	"notebook_id" text NOT NULL,
	"user_id" text NOT NULL,
	"day" date NOT NULL,
	"workspace_id" text NOT NULL,
	"person" text NOT NULL,
	"device" text,
	"seconds" double precision NOT NULL,
	"cpu_seconds" double precision NOT NULL,
	"gb_seconds" double precision NOT NULL,
	"device_seconds" double precision NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "session_usage_session_notebook_id_user_id_day_pk" PRIMARY KEY("session","notebook_id","user_id","day")
);
--> statement-breakpoint
CREATE TABLE "device_lease" (
	"session" text PRIMARY KEY NOT NULL,
	"order" bigserial NOT NULL,
	"workspace_id" text NOT NULL,
	"notebook_id" text,
	"user_id" text,
	"person" text NOT NULL,
	"cpus" real NOT NULL,
	"memory_mb" integer NOT NULL,
	"gpu" boolean NOT NULL,
	"machine_id" text,
	"device" text,
	"asked_at" timestamp with time zone NOT NULL,
	"granted_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ending" text
);
--> statement-breakpoint
CREATE TABLE "machine" (
	"id" text PRIMARY KEY NOT NULL,
	"incarnation" text NOT NULL,
	"name" text NOT NULL,
	"url" text NOT NULL,
	"state" text NOT NULL,
	"is_sandboxed" boolean NOT NULL,
	"cpus" integer NOT NULL,
	"memory_mb" integer NOT NULL,
	"devices" jsonb NOT NULL,
	"sessions" jsonb NOT NULL,
	"used_memory_mb" real NOT NULL,
	"used_cpus" real NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "session_wish" (
	"notebook_id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"cpus" real NOT NULL,
	"memory_mb" integer NOT NULL,
	"gpu" boolean NOT NULL,
	"idle_minutes" integer
);
--> statement-breakpoint
ALTER TABLE "kernel_session" ADD COLUMN "active_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "kernel_session" ADD COLUMN "user_id" text;--> statement-breakpoint
ALTER TABLE "kernel_session" ADD COLUMN "person" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "kernel_session" ADD COLUMN "device" text;--> statement-breakpoint
ALTER TABLE "session_wish" ADD CONSTRAINT "session_wish_notebook_id_notebook_id_fk" FOREIGN KEY ("notebook_id") REFERENCES "public"."notebook"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "session_usage_workspace" ON "session_usage" USING btree ("workspace_id","day");--> statement-breakpoint
CREATE INDEX "device_lease_open" ON "device_lease" USING btree ("ended_at","order");