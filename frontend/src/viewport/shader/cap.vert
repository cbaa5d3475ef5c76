uniform mat4 clip_from_local;
in vec3 position;
in vec4 tint;
out vec4 v_tint;
#ifdef FIELD
in vec2 place;
out vec2 v_place;
#endif
void main() {
    v_tint = tint;
#ifdef FIELD
    v_place = place;
#endif
    gl_Position = clip_from_local * vec4(position, 1.0);
}
