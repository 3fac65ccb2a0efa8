"""Who may decide what, under which release: grants, approvals, pauses, stages, rollout and rollback."""
