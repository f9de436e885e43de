"""What the blueprints share: permissions, errors, rendering, security headers."""
