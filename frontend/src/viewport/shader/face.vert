uniform mat4 clip_from_local;
uniform mat3 view_from_world;
in vec3 position;
in ivec2 normal;
in uint face;
out vec3 v_local;
out vec3 v_normal;
flat out vec3 v_colour;
flat out vec4 v_mark;
#ifdef FIELD
uniform float scale;
in vec3 displacement;
in float value;
out float v_value;
flat out float v_count;
#endif

vec3 unfold(vec2 p) {
    vec3 n = vec3(p, 1.0 - abs(p.x) - abs(p.y));
    float fold = max(-n.z, 0.0);
    n.xy += vec2(n.x >= 0.0 ? -fold : fold, n.y >= 0.0 ? -fold : fold);
    return normalize(n);
}

void main() {
    vec4 colour = state(2 * int(face));
    v_mark = state(2 * int(face) + 1);
    v_colour = colour.rgb;
    v_local = position;
#ifdef FIELD
    v_local += scale * displacement;
    v_value = value;
    v_count = value;
#endif
    v_normal = view_from_world * unfold(vec2(normal) / 32767.0);
    gl_Position = colour.a > 0.5 ? clip_from_local * vec4(v_local, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}
