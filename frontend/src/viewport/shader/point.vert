// A round dot of constant size.
uniform mat4 clip_from_local;
uniform vec2 viewport;
uniform float radius;
in vec3 centre;
in vec4 tint;
out vec2 v_at;
out vec4 v_colour;
const vec2 CORNERS[6] = vec2[6](vec2(-1.0, -1.0), vec2(1.0, -1.0), vec2(1.0, 1.0), vec2(-1.0, -1.0), vec2(1.0, 1.0), vec2(-1.0, 1.0));
void main() {
    vec2 corner = CORNERS[gl_VertexID % 6] * (radius + 1.0);
    v_at = corner;
    v_colour = tint;
    vec4 p = clip_from_local * vec4(centre, 1.0);
    gl_Position = p.w > 0.0 ? vec4(p.xy / p.w + corner * 2.0 / viewport, p.z / p.w - 1e-4, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}
