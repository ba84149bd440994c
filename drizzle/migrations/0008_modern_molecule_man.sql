CREATE TABLE "tuning_hand" (
	"id" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"study_id" text NOT NULL,
	"status" text NOT NULL,
	"sentence" text NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"has_kernel" boolean DEFAULT false NOT NULL,
	"piece" integer DEFAULT 0 NOT NULL,
	"journal_seq" integer DEFAULT 0 NOT NULL,
	"queued_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"is_tidied" boolean DEFAULT false NOT NULL,
	"lease_owner" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "tuning_study" ADD COLUMN "work" jsonb;--> statement-breakpoint
ALTER TABLE "tuning_hand" ADD CONSTRAINT "tuning_hand_workspace_id_workspace_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspace"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tuning_hand" ADD CONSTRAINT "tuning_hand_study_id_tuning_study_id_fk" FOREIGN KEY ("study_id") REFERENCES "public"."tuning_study"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "tuning_hand_of_study" ON "tuning_hand" USING btree ("study_id");--> statement-breakpoint
CREATE INDEX "tuning_hand_waits" ON "tuning_hand" USING btree ("status","lease_until");