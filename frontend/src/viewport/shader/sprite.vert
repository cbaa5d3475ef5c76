// A letter of the label sheet, facing us. `cell` is its place on the sheet.
uniform mat4 clip_from_local;
uniform vec2 viewport;
uniform float radius;
in vec3 centre;
in vec4 tint;
in vec4 cell;
out vec2 v_uv;
out vec4 v_colour;
const vec2 CORNERS[6] = vec2[6](vec2(-1.0, -1.0), vec2(1.0, -1.0), vec2(1.0, 1.0), vec2(-1.0, -1.0), vec2(1.0, 1.0), vec2(-1.0, 1.0));
void main() {
    vec2 corner = CORNERS[gl_VertexID % 6];
    v_uv = mix(cell.xy, cell.zw, 0.5 * corner + 0.5);
    v_colour = tint;
    vec4 p = clip_from_local * vec4(centre, 1.0);
    gl_Position = vec4(p.xy / p.w + corner * radius * 2.0 / viewport, p.z / p.w, 1.0);
}
